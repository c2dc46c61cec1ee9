import type { PdfSegment } from "./pdf-segments.ts";

// Cutting looks at all segments of a region again; no page that somebody reads has as many.
const segmentsMax = 5000;
const cutsMax = 40;

/** Brings the runs of text of a page into the order in which they are read: columns one after the other, rows from left to right. */
export function orderSegments(segments: readonly PdfSegment[]): PdfSegment[] {
  return segments.length > segmentsMax ? [...segments] : arrange(segments, cutsMax);
}

/** Cuts a region at the space between columns; where there is none, at its widest space between rows. */
function arrange(segments: readonly PdfSegment[], cuts: number): PdfSegment[] {
  const rows = toRows(segments);
  // Where every row is one run, it can only be read from top to bottom.
  if (cuts === 0 || rows.every((row) => row.length === 1)) return rows.flat();
  const gutter = findGutter(segments);
  if (gutter !== undefined) {
    const left = segments.filter(({ right }) => right <= gutter);
    const right = segments.filter(({ x }) => x >= gutter);
    return [...arrange(left, cuts - 1), ...arrange(right, cuts - 1)];
  }
  const gap = findWidestGap(segments);
  if (gap === undefined) return rows.flat();
  const above = segments.filter(({ y }) => y >= gap);
  const below = segments.filter(({ y }) => y < gap);
  return [...arrange(above, cuts - 1), ...arrange(below, cuts - 1)];
}

/** Rows from top to bottom, each from left to right. */
function toRows(segments: readonly PdfSegment[]): PdfSegment[][] {
  const rows: PdfSegment[][] = [];
  for (const segment of segments.toSorted((a, b) => b.y - a.y)) {
    const row = rows.at(-1);
    const first = row?.[0];
    if (row === undefined || first === undefined || first.y - segment.y > segment.size * 0.5)
      rows.push([segment]);
    else row.push(segment);
  }
  return rows.map((row) => row.toSorted((a, b) => a.x - b.x));
}

/** Where an empty strip from top to bottom divides columns of text. Cells of a table do not fill theirs. */
function findGutter(segments: readonly PdfSegment[]): number | undefined {
  let edge: number | undefined;
  for (const segment of segments.toSorted((a, b) => a.x - b.x)) {
    if (edge !== undefined && segment.x > edge + segment.size * 0.7) {
      const at = (edge + segment.x) / 2;
      if (
        isColumn(segments.filter(({ right }) => right <= at)) &&
        isColumn(segments.filter(({ x }) => x >= at))
      )
        return at;
    }
    edge = Math.max(edge ?? segment.right, segment.right);
  }
  return undefined;
}

function isColumn(segments: readonly PdfSegment[]): boolean {
  if (segments.length < 4) return false;
  const left = Math.min(...segments.map(({ x }) => x));
  const right = Math.max(...segments.map((segment) => segment.right));
  const widths = segments.map((segment) => segment.right - segment.x).toSorted((a, b) => a - b);
  const size = segments[0]?.size ?? 1;
  // Of two columns that are still together, each row is two runs of less than half.
  return right - left > size * 8 && (widths[widths.length >> 1] ?? 0) > (right - left) * 0.4;
}

/** The height in the middle of the widest space that no run of text touches; undefined where there is none. */
function findWidestGap(segments: readonly PdfSegment[]): number | undefined {
  let widest = 0;
  let at: number | undefined;
  let bottom: number | undefined;
  for (const { y, size } of segments.toSorted((a, b) => b.y + b.size - (a.y + a.size))) {
    const gap = bottom === undefined ? 0 : bottom - (y + size);
    if (gap > widest) {
      widest = gap;
      at = y + size + gap / 2;
    }
    bottom = Math.min(bottom ?? y, y);
  }
  return at;
}
