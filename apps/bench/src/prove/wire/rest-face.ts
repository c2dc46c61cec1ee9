import { toRunId } from "./hear-run.ts";
import { silence, type Heard } from "./heard.ts";
import { readHttp, readSentEvents } from "./read-http.ts";
import type { WireFace, WirePlace } from "./wire-face.ts";

/** `/api/chat/:id` as server-sent events. */
export const restFace: WireFace = {
  name: "REST",
  send(place) {
    const body = JSON.stringify({ message: place.message });
    return toRequest("POST", place, { "idempotency-key": place.requestId, body });
  },
  follow(place) {
    const { lastEventId } = place;
    return toRequest("GET", place, lastEventId === undefined ? {} : { "last-event-id": lastEventId });
  },
  read(bytes) {
    const { status, body, isComplete } = readHttp(bytes);
    if (status === undefined) return silence;
    // Nothing is left behind the last frame, which had the ending.
    if (status === 204) return { ...silence, end: "done" };
    if (status !== 200) return isComplete ? hearRefusal(status, body.toString()) : silence;
    return hearFrames(readSentEvents(body));
  },
};

function toRequest(
  method: string,
  { url, token, conversationId }: WirePlace,
  { body = "", ...headers }: Readonly<Record<string, string>>,
): Buffer {
  const lines = Object.entries({
    host: new URL(url).host,
    authorization: `Bearer ${token}`,
    accept: "text/event-stream",
    connection: "close",
    ...(body === "" ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} /api/chat/${conversationId} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** An answer that was interrupted before its first word is told with a status, for there is no stream of it. */
function hearRefusal(status: number, text: string): Heard {
  const reason = `${status} ${text}`;
  // 409 for who comes when it is over already.
  if (![409, 503].includes(status) || !text.includes("interrupted"))
    return { ...silence, end: "refused", reason };
  return { ...silence, end: "interrupted", endings: 1, reason };
}

type Frame = { readonly event: string; readonly data: string };

function hearFrames(events: readonly { id: string | undefined; data: string }[]): Heard {
  let { text, end, endings, whole, reason } = silence;
  for (const { data } of events) {
    const frame = JSON.parse(data) as Frame;
    if (frame.event === "message") text += frame.data;
    else if (frame.event === "full_response") {
      [end, whole] = ["done", frame.data];
      endings++;
    } else if (frame.event === "error") {
      end = frame.data.includes("interrupted") ? "interrupted" : "failed";
      reason = frame.data;
      endings++;
    }
  }
  const lastEventId = events.at(-1)?.id;
  return { ...silence, runId: toRunId(lastEventId), lastEventId, text, end, endings, whole, reason };
}
