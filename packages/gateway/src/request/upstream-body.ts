import type { ForwardBody, ForwardCall } from "../forward/forward-ports.ts";

/** What an upstream is asked differently from what the caller wrote. */
export type BodyEdits = {
  /** What this upstream calls the model that it is asked for. */
  readonly model: string;
  /** Usage is asked for with the stream; without effect where nothing is streamed, and for kinds that always send it. */
  readonly askUsage: boolean;
  /** Asks for a stream, or for the answer in one piece. Undefined leaves it as the caller wrote it. */
  readonly stream?: boolean | undefined;
};

/**
 * The body to send. It is the caller's own body, the very same object, when nothing has to change; else the edited fields
 * are written in place and every other byte stays as it was. Fallback models of the caller are taken out: they are for us.
 * A field that is edited or read by us and occurs twice is left once, so that nobody reads another one than we did.
 */
export function toUpstreamBody(call: ForwardCall, edits: BodyEdits): ForwardBody {
  throw new Error(`not yet: ${call.model} ${edits.model}`);
}
