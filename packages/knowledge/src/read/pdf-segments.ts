/** A run of text on one line of a page. Places are in points from the lower left corner. */
export type PdfSegment = {
  text: string;
  readonly x: number;
  readonly y: number;
  right: number;
  /** The height of most of its letters. */
  size: number;
};

/** An item of text as pdf.js gives it. */
export type PdfItem = {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly hasEOL: boolean;
};

// What lies further apart on one line is in another column or another cell.
const gapInSizes = 1.6;

/**
 * Joins a page's items to runs of text, in the order in which the page paints them.
 *
 * @returns `isUpright` false where something is turned, so that places say nothing about the order.
 */
export function toSegments(items: readonly PdfItem[]): { segments: PdfSegment[]; isUpright: boolean } {
  const segments: PdfSegment[] = [];
  let open: OpenSegment | undefined;
  let isUpright = true;
  for (const item of items) {
    if (item.str.trim() === "") {
      if (open !== undefined && item.str !== "") open.segment.text += " ";
    } else {
      isUpright &&= !isTurned(item);
      const next = toSegment(item);
      if (open !== undefined && continues(open.segment, next)) extend(open, next);
      else {
        open = { segment: next, longest: next.text.length };
        segments.push(next);
      }
    }
    if (item.hasEOL) open = undefined;
  }
  return { segments, isUpright };
}

type OpenSegment = { readonly segment: PdfSegment; /** Of its items' lengths. */ longest: number };

function extend(open: OpenSegment, { text, right, size }: PdfSegment): void {
  open.segment.text += text;
  open.segment.right = Math.max(open.segment.right, right);
  if (text.length <= open.longest) return;
  // A line that begins with a small mark is as large as what follows it.
  open.segment.size = size;
  open.longest = text.length;
}

function toSegment({ str, transform, width, height }: PdfItem): PdfSegment {
  const [, , c = 0, d = 0, x = 0, y = 0] = transform;
  return { text: str, x, y, right: x + width, size: height > 0 ? height : Math.hypot(c, d) || 1 };
}

function isTurned({ transform }: PdfItem): boolean {
  const [, b = 0, c = 0, d = 0] = transform;
  return Math.abs(b) > 0.01 || Math.abs(c) > Math.abs(d);
}

function continues({ right, y, size }: PdfSegment, { x, y: nextY }: PdfSegment): boolean {
  return Math.abs(nextY - y) < size * 0.7 && x - right < size * gapInSizes && x - right > -size * 2;
}
