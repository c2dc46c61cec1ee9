import type { Passage, PassageSizes, ReadDocument } from "../ports.ts";
import { toPieces, type Piece } from "./pieces.ts";
import { requireSizes } from "./require-sizes.ts";

/**
 * Cuts a document into passages, one after the other as they are asked for: at headings, else between paragraphs, else
 * between sentences or lines. All of the text but blanks is in one of them; each begins behind its predecessor, and, where
 * that was not cut at a heading, with its last sentences.
 *
 * @throws RangeError for sizes that contradict each other.
 */
export function* cutPassages(
  document: ReadDocument,
  sizes: PassageSizes,
): Generator<Passage, void, undefined> {
  requireSizes(sizes);
  let open: Piece[] = [];
  /** How many of the open pieces have been in a passage already. */
  let repeated = 0;
  let position = 0;

  const close = () => toPassage(document.text, open, position++);
  for (const piece of toPieces(document, sizes)) {
    if (open.length > repeated && endsBefore(open, piece, sizes)) {
      yield close();
      open = startsSection(open, piece) ? [] : toOverlap(open, piece, sizes);
      repeated = open.length;
    }
    open.push(piece);
  }
  if (open.length > repeated) yield close();
}

/** Whether a piece belongs to the next passage. */
function endsBefore(open: readonly Piece[], piece: Piece, { target, max }: PassageSizes): boolean {
  if (startsSection(open, piece)) return true;
  const start = open[0]?.start ?? piece.start;
  const isShort = piece.start - start <= target / 2;
  // Rather one that is somewhat longer than one that is a heading, or half a thought.
  if (piece.end - start > (isShort ? max : target)) return true;
  // A paragraph that does not fit as a whole begins a passage.
  const startsBlock = open.at(-1)?.block !== piece.block;
  return startsBlock && !isShort && piece.start + piece.blockLeft - start > target;
}

/** A heading begins a passage, and so do those that follow one, but not one by one. */
function startsSection(open: readonly Piece[], piece: Piece): boolean {
  return piece.block.kind === "heading" && open.at(-1)?.block.kind !== "heading";
}

/** The last pieces of a passage that the next one begins with. They leave room for the piece that it is made for. */
function toOverlap(closed: readonly Piece[], piece: Piece, { target, overlap }: PassageSizes): Piece[] {
  const end = closed.at(-1)?.end ?? piece.start;
  let from = closed.length;
  // The first piece stays behind: a passage does not begin where its predecessor did.
  while (from > 1) {
    const start = closed[from - 1]?.start ?? end;
    if (end - start > overlap || piece.end - start > target) break;
    from--;
  }
  return closed.slice(from);
}

function toPassage(text: string, pieces: readonly Piece[], position: number): Passage {
  const start = pieces[0]?.start ?? 0;
  const end = pieces.at(-1)?.end ?? start;
  const first = pieces[0]?.block;
  // A passage that begins with a heading stands under it.
  const body = pieces.find(({ block }) => block.kind !== "heading")?.block ?? pieces.at(-1)?.block;
  return {
    position,
    start,
    end,
    headings: body?.headings ?? [],
    ...(first?.page === undefined ? {} : { page: first.page }),
    content: text.slice(start, end),
  };
}
