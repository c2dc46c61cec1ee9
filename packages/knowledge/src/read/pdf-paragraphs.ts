import type { PdfLine } from "./pdf-lines.ts";
import type { TextBuilder } from "./text-builder.ts";

/** What most of a document's lines are like. */
type Typography = {
  readonly bodySize: number;
  /** From line to line, in sizes of the letters. */
  readonly leading: number;
  /** The sizes of headings, largest first. */
  readonly headingSizes: readonly number[];
};

const headingCharsMax = 200;

/** Makes paragraphs and headings of lines, by how large their letters are and how far they lie apart. */
export function addPdfLines(builder: TextBuilder, lines: readonly PdfLine[]): void {
  const typography = findTypography(lines);
  let paragraph: PdfLine[] = [];
  const flush = () => {
    const [first] = paragraph;
    if (first === undefined) return;
    const text = joinLines(paragraph);
    const level = toLevel(first, text, typography);
    if (level === undefined) builder.add("paragraph", text, first.page);
    else builder.addHeading(level, text, first.page);
    paragraph = [];
  };
  for (const line of lines) {
    const last = paragraph.at(-1);
    if (last !== undefined && !continues(last, line, typography)) flush();
    paragraph.push(line);
  }
  flush();
}

function findTypography(lines: readonly PdfLine[]): Typography {
  const charsBySize = new Map<number, number>();
  const countByLeading = new Map<number, number>();
  let last: PdfLine | undefined;
  for (const line of lines) {
    const size = roundSize(line.size);
    charsBySize.set(size, (charsBySize.get(size) ?? 0) + line.text.length);
    if (last !== undefined && last.y > line.y && roundSize(last.size) === size) {
      const leading = Math.round(((last.y - line.y) / line.size) * 10) / 10;
      if (leading < 3) countByLeading.set(leading, (countByLeading.get(leading) ?? 0) + 1);
    }
    last = line;
  }
  const bodySize = findMost(charsBySize) ?? 1;
  const headingSizes = [...charsBySize.keys()]
    .filter((size) => size > bodySize * 1.1)
    .toSorted((a, b) => b - a);
  return { bodySize, leading: findMost(countByLeading) ?? 1.2, headingSizes };
}

function findMost(counts: ReadonlyMap<number, number>): number | undefined {
  let most: number | undefined;
  for (const [key, count] of counts) if (most === undefined || count > (counts.get(most) ?? 0)) most = key;
  return most;
}

function roundSize(size: number): number {
  return Math.round(size * 2) / 2;
}

function toLevel(first: PdfLine, text: string, { headingSizes }: Typography): number | undefined {
  const rank = headingSizes.indexOf(roundSize(first.size));
  return rank === -1 || text.length > headingCharsMax ? undefined : Math.min(rank + 1, 6);
}

function continues(last: PdfLine, line: PdfLine, { bodySize, leading }: Typography): boolean {
  if (last.page !== line.page || !areAlike(last.size, line.size, bodySize)) return false;
  const distance = last.y - line.y;
  return distance > 0 && distance <= Math.max(last.size, line.size) * leading * 1.25;
}

/** Whether two sizes may stand in one paragraph: a heading has its own, text has those of its quotations and code. */
function areAlike(first: number, second: number, bodySize: number): boolean {
  if (roundSize(first) === roundSize(second)) return true;
  return Math.max(first, second) <= bodySize * 1.1 && Math.min(first, second) >= bodySize * 0.8;
}

/** Joins the lines of a paragraph. A word that was divided at the end of a line is one again; rows of a table stay lines. */
function joinLines(lines: readonly PdfLine[]): string {
  let text = "";
  let wasRow = false;
  for (const { text: line } of lines) {
    const isRow = line.includes(" | ");
    if (text === "") text = line;
    else if (isRow || wasRow) text += `\n${line}`;
    else if (isDivided(text, line)) text = text.slice(0, -1) + line;
    else text += (isUnspaced(text.at(-1)) && isUnspaced(line.at(0)) ? "" : " ") + line;
    wasRow = isRow;
  }
  return text;
}

/** Whether the end of a line divides a word: in the middle of small letters, or of capitals. */
function isDivided(text: string, line: string): boolean {
  const tail = text.slice(-2);
  if (!/[-\u00AD\u2010]$/u.test(tail)) return false;
  return (
    (/^\p{Ll}/u.test(tail) && /^\p{Ll}/u.test(line)) || (/^\p{Lu}/u.test(tail) && /^\p{Lu}{2}/u.test(line))
  );
}

/** Chinese and Japanese have no space where a line ends. */
function isUnspaced(character: string | undefined): boolean {
  return (
    character !== undefined &&
    /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\u3000-\u303F\uFF00-\uFFEF]/u.test(character)
  );
}
