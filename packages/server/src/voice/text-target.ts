import type { AnswerTarget, Chunk } from "./answer-target.ts";
import { readFirstDelta } from "./first-delta.ts";
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

function readText(chunk: Chunk): string {
  const content = readFirstDelta(chunk)?.["content"];
  return typeof content === "string" ? content : "";
}
