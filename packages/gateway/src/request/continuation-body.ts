import type { ForwardBody, ForwardCall } from "../forward/forward-ports.ts";
import type { BodyEdits } from "./upstream-body.ts";

/**
 * How an upstream is told to go on with an assistant's message instead of answering it: `plain`, by its being the last
 * one; `prefix`, by that flag on it (DeepSeek, Mistral); `partial`, by that flag (Moonshot, Qwen); `final_message`, by
 * flags beside the messages (vLLM, SGLang).
 */
export type PrefillDialect = "plain" | "prefix" | "partial" | "final_message";

/** What a chat is continued with. */
export type ContinuationEdits = BodyEdits & {
  /** The answer's text so far. */
  readonly text: string;
  readonly dialect: PrefillDialect;
};

/**
 * The chat's body with the answer so far as the last message. Undefined when it cannot be continued: no chat, no text, no
 * list of messages, or one that ends with an assistant's message already.
 */
export function toContinuationBody(call: ForwardCall, edits: ContinuationEdits): ForwardBody | undefined {
  throw new Error(`not yet: ${call.model} ${edits.model}`);
}
