import type { PassageSizes, ReadDocument, TextBlock } from "../ports.ts";
import { breakLong } from "./break-long.ts";
import { toSentences } from "./sentences.ts";
import { trimRange, type TextRange } from "./text-range.ts";

/** What a passage is put together of, and is never divided further: a heading, a sentence, a line. */
export type Piece = TextRange & {
  readonly block: TextBlock;
  /** How much of its block is left from here on, in units. */
  readonly blockLeft: number;
};

/** Goes through the pieces of a document, in order. Together they have all of its text but the white space between them. */
export function* toPieces(document: ReadDocument, sizes: PassageSizes): Generator<Piece> {
  for (const block of toCoveringBlocks(document)) {
    for (const whole of toUnits(document.text, block)) {
      for (const range of toFittingParts(document.text, whole, sizes)) {
        yield { ...range, block, blockLeft: block.end - range.start };
      }
    }
  }
}

/** The blocks, and as paragraphs what lies between them. */
function* toCoveringBlocks({ text, blocks }: ReadDocument): Generator<TextBlock> {
  let end = 0;
  for (const block of blocks) {
    if (block.start > end)
      yield { start: end, end: block.start, kind: "paragraph", headings: block.headings };
    yield block;
    ({ end } = block);
  }
  if (end < text.length) yield { start: end, end: text.length, kind: "paragraph", headings: [] };
}

function* toUnits(text: string, block: TextBlock): Generator<TextRange> {
  if (block.kind === "heading") yield block;
  else if (block.kind === "paragraph") yield* toSentences(text, block);
  else yield* toLineRanges(text, block);
}

/** Lines with their ends. */
function* toLineRanges(text: string, { start, end }: TextRange): Generator<TextRange> {
  let from = start;
  while (from < end) {
    const found = text.indexOf("\n", from);
    const to = found === -1 || found >= end ? end : found + 1;
    yield { start: from, end: to };
    from = to;
  }
}

/** A unit that is longer than a passage should be is divided, so small that passages of its parts can overlap. */
function* toFittingParts(text: string, unit: TextRange, sizes: PassageSizes): Generator<TextRange> {
  const trimmed = trimRange(text, unit.start, unit.end);
  if (trimmed === undefined) return;
  if (trimmed.end - trimmed.start <= sizes.target) yield trimmed;
  else for (const part of divide(text, trimmed, sizes)) yield* toTrimmed(text, part);
}

function* divide(text: string, unit: TextRange, { target, overlap }: PassageSizes): Generator<TextRange> {
  const charsMax = Math.max(overlap, Math.ceil(target / 4));
  for (const sentence of toSentences(text, unit)) {
    if (sentence.end - sentence.start <= target) yield sentence;
    else yield* breakLong(text, sentence, charsMax);
  }
}

function* toTrimmed(text: string, range: TextRange): Generator<TextRange> {
  const trimmed = trimRange(text, range.start, range.end);
  if (trimmed !== undefined) yield trimmed;
}
