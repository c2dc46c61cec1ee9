import type { AnswerProgress } from "../src/answer/answer-progress.ts";
import { createAnswerReader } from "../src/answer/answer-reader.ts";
import type { AnswerPart } from "../src/index.ts";

export const generousLimits = { eventBytesMax: 1 << 20, answerBytesMax: 1 << 22 };

/** What a reader made of some bytes. */
export type ReadAnswer = Readonly<AnswerProgress> & {
  readonly text: string;
  readonly reasoning: string;
  readonly batches: (readonly AnswerPart[])[];
};

/** Reads an answer that comes in these pieces. */
export function readAnswer(pieces: readonly Uint8Array[], limits = generousLimits): ReadAnswer {
  const reader = createAnswerReader(limits);
  const batches = [...pieces.map((piece) => reader.read(Buffer.from(piece))), reader.end()];
  const join = (type: AnswerPart["type"]) =>
    batches
      .flat()
      .filter((part) => part.type === type)
      .map(({ text }) => text)
      .join("");
  return { ...reader.progress, text: join("text-delta"), reasoning: join("reasoning-delta"), batches };
}

/** Cuts bytes at these offsets. */
export function cutBytes(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const edges = [0, ...offsets.toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}
