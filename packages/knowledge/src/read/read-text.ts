import type { ReadDocument, TextBlock } from "../ports.ts";
import { decodeText } from "./decode-text.ts";
import type { ReaderInput } from "./reader-input.ts";
import { isBlank, requireLength, toLines } from "./text-lines.ts";

/** Reads plain text. Its paragraphs have blank lines between them. */
export function readText(input: ReaderInput): ReadDocument {
  const text = requireLength(decodeText(input.bytes), input.textCharsMax);
  return { text, blocks: toParagraphs(text, { kind: "paragraph", endsBlock: () => true }) };
}

/** Reads source code. Its blocks are what stands at the margin with what is indented below it. */
export function readCode(input: ReaderInput): ReadDocument {
  const text = requireLength(decodeText(input.bytes), input.textCharsMax);
  const endsBlock = (next: number) => !/\s/u.test(text.charAt(next));
  return { text, blocks: toParagraphs(text, { kind: "code", endsBlock }) };
}

type ParagraphRule = {
  readonly kind: TextBlock["kind"];
  /** Whether a line that begins here, after a blank one, belongs to another block. */
  readonly endsBlock: (next: number) => boolean;
};

function toParagraphs(text: string, { kind, endsBlock }: ParagraphRule): TextBlock[] {
  const blocks: TextBlock[] = [];
  let open: { start: number; end: number } | undefined;
  let afterBlank = false;
  for (const line of toLines(text)) {
    if (isBlank(text, line.start, line.end)) {
      afterBlank = true;
      continue;
    }
    if (open === undefined || (afterBlank && endsBlock(line.start))) {
      if (open !== undefined) blocks.push({ ...open, kind, headings: [] });
      open = { start: line.start, end: line.end };
    } else open.end = line.end;
    afterBlank = false;
  }
  if (open !== undefined) blocks.push({ ...open, kind, headings: [] });
  return blocks;
}
