import type { PdfSegment } from "./pdf-segments.ts";

/** A line of text on a page. */
export type PdfLine = {
  text: string;
  readonly x: number;
  readonly y: number;
  right: number;
  readonly size: number;
  /** Counted from 1. */
  readonly page: number;
};

/** Joins runs of text that stand beside each other, in their order. */
export function toPdfLines(segments: readonly PdfSegment[], page: number): PdfLine[] {
  const lines: PdfLine[] = [];
  for (const { text, ...place } of segments) {
    const last = lines.at(-1);
    const words = text.replaceAll(/\s+/gu, " ").trim();
    if (last !== undefined && Math.abs(last.y - place.y) < place.size * 0.5 && place.x >= last.right) {
      last.text += ` | ${words}`;
      last.right = place.right;
    } else lines.push({ ...place, text: words, page });
  }
  return lines;
}

const pagesThatShowRepeats = 4;

/** Leaves out what stands at the same place of most pages: titles above, page numbers below. */
export function withoutRunningLines(pages: readonly (readonly PdfLine[])[]): PdfLine[] {
  const counts = new Map<string, number>();
  for (const lines of pages) {
    for (const key of new Set(lines.map(toPlaceKey))) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const most = Math.max(pagesThatShowRepeats, pages.length * 0.6);
  return pages.flatMap((lines) => lines.filter((line) => (counts.get(toPlaceKey(line)) ?? 0) < most));
}

function toPlaceKey({ y, text }: PdfLine): string {
  return `${Math.round(y)} ${text.slice(0, 200).replaceAll(/\d+/gu, "#")}`;
}
