import type { AnswerTarget, Chunk } from "./answer-target.ts";
import { isFields } from "./engine-fields.ts";
import type { TakeText } from "./ports.ts";

/** Creates the target of somebody who takes an answer as text. */
export function createTextTarget({ onDelta, onChunk }: Pick<TakeText, "onDelta" | "onChunk">): AnswerTarget {
  let isOpen = false;
  let id: string | undefined;
  return {
    get isOpen() {
      return isOpen;
    },
    get id() {
      return id;
    },
    open() {
      isOpen = true;
    },
    tell(chunk) {
      if (chunk === undefined) return true;
      isOpen = true;
      if (typeof chunk["id"] === "string" && chunk["id"] !== "") id ??= chunk["id"];
      onChunk?.(chunk);
      const text = readText(chunk);
      if (text !== "") onDelta(text);
      return true;
    },
    onDrain() {},
  };
}

function readText({ choices }: Chunk): string {
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const delta = isFields(first) ? first["delta"] : undefined;
  const content = isFields(delta) ? delta["content"] : undefined;
  return typeof content === "string" ? content : "";
}
