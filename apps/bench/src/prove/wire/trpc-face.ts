import { hearRun, type ToldEvent } from "./hear-run.ts";
import { silence } from "./heard.ts";
import { readHttp, readSentEvents } from "./read-http.ts";
import type { WireFace, WirePlace } from "./wire-face.ts";

/** tRPC's subscriptions as server-sent events. */
export const trpcFace: WireFace = {
  name: "tRPC SSE",
  send: (place) => toRequest("chat.stream", place, toSendInput(place)),
  follow: (place) => toRequest("chat.follow", place, toFollowInput(place)),
  read(bytes) {
    const { status, body, isComplete } = readHttp(bytes);
    if (status === undefined) return silence;
    if (status !== 200) return isComplete ? { ...silence, end: "refused", reason: body.toString() } : silence;
    const events = readSentEvents(body);
    const failure = events.find(({ event }) => event === "serialized-error");
    const told = events.flatMap(({ id, event, data }) =>
      event === "message" && id !== undefined
        ? [{ id, event: (JSON.parse(data) as { json: ToldEvent }).json }]
        : [],
    );
    const heard = hearRun(told);
    return failure === undefined || heard.end !== undefined
      ? heard
      : { ...heard, end: "failed", reason: failure.data };
  },
};

/** The input of `chat.stream`. */
export function toSendInput(place: { conversationId: number; requestId: string; message: string }): object {
  const { conversationId, requestId, message } = place;
  return { conversationId, requestId, message };
}

/** The input of `chat.follow`. */
export function toFollowInput({
  runId,
  lastEventId,
}: {
  runId: string;
  lastEventId: string | undefined;
}): object {
  return lastEventId === undefined ? { runId } : { runId, lastEventId };
}

function toRequest(path: string, { url, token }: WirePlace, input: object): Buffer {
  const body = JSON.stringify({ json: input });
  return Buffer.from(
    `POST /trpc/${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\nauthorization: Bearer ${token}\r\n` +
      "accept: text/event-stream\r\nconnection: close\r\ncontent-type: application/json\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
