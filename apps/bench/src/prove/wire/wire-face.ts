import type { Heard } from "./heard.ts";

/** Who asks, and where. */
export type WirePlace = { readonly url: string; readonly token: string; readonly conversationId: number };

/** A message that is sent, and followed. */
export type WireSend = WirePlace & { readonly requestId: string; readonly message: string };

/** An answer that is followed from where a reader stands. */
export type WireFollow = WirePlace & { readonly runId: string; readonly lastEventId: string | undefined };

/** A way to read answers, down to its bytes. */
export type WireFace = {
  readonly name: string;
  /** The bytes that send a message and follow its answer. */
  send(given: WireSend): Buffer;
  /** The bytes that follow an answer. */
  follow(given: WireFollow): Buffer;
  /** What a reader knows after these bytes, which may be cut anywhere. */
  read(bytes: Buffer): Heard;
};
