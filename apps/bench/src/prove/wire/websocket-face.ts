import { hearRun, type ToldEvent } from "./hear-run.ts";
import { silence } from "./heard.ts";
import { readFrames, toTextFrame, toUpgrade } from "./read-frames.ts";
import { toFollowInput, toSendInput } from "./trpc-face.ts";
import type { WireFace, WirePlace } from "./wire-face.ts";

/** tRPC's subscriptions over a WebSocket. */
export const websocketFace: WireFace = {
  name: "WebSocket",
  send: (place) => toBytes("chat.stream", place, toSendInput(place)),
  follow: (place) => toBytes("chat.follow", place, toFollowInput(place)),
  read(bytes) {
    const { status, messages } = readFrames(bytes);
    if (status === undefined) return silence;
    if (status !== 101) return { ...silence, end: "refused", reason: bytes.toString() };
    const answers = messages
      .filter((text) => text.startsWith("{"))
      .map((text) => JSON.parse(text) as Message);
    const failure = answers.find(({ error }) => error !== undefined);
    const heard = hearRun(answers.flatMap(toTold));
    return failure === undefined || heard.end !== undefined
      ? heard
      : { ...heard, end: "failed", reason: JSON.stringify(failure.error) };
  },
};

type Message = {
  readonly result?: {
    readonly type: string;
    readonly id?: string;
    readonly data?: { readonly json: unknown };
  };
  readonly error?: unknown;
};

function toTold({ result }: Message): { id: string; event: ToldEvent }[] {
  if (result?.type !== "data" || result.id === undefined) return [];
  return [{ id: result.id, event: (result.data as { json: { data: ToldEvent } }).json.data }];
}

/** Everything at once: what stands behind the upgrade waits for it in the server's socket. */
function toBytes(path: string, { url, token }: WirePlace, input: object): Buffer {
  const params = { path, input: { json: input } };
  return Buffer.concat([
    toUpgrade(new URL(url).host, "/trpc?connectionParams=1"),
    toTextFrame(JSON.stringify({ method: "connectionParams", data: { token } })),
    toTextFrame(JSON.stringify({ id: 1, jsonrpc: "2.0", method: "subscription", params })),
  ]);
}
