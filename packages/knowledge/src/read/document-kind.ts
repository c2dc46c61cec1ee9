import { DomainError } from "@llm-backend/contract";
import type { DocumentKind } from "../ports.ts";
import { findKindOfName } from "./document-names.ts";

const readKinds = "text, Markdown, HTML, PDF, Word (docx), CSV, JSON, and source code";
// PDF readers look for their mark this far.
const pdfMarkWithin = 1024;

/**
 * Tells what a document is, by its name and how it begins.
 *
 * @param firstBytes - Its first 4 KiB, or all of it.
 * @throws DomainError `document_unreadable`, with the reason, for what is not read.
 */
export function getDocumentKind(name: string, firstBytes: Uint8Array): DocumentKind {
  const head = Buffer.from(firstBytes.subarray(0, 4096));
  const named = findKindOfName(name);
  // What it is counts more than what it is called. Further down, text may speak of the mark as well.
  const mark = head.subarray(0, pdfMarkWithin).indexOf("%PDF-");
  if (mark === 0 || (mark > 0 && named === "pdf")) return "pdf";
  if (head.length > 0 && named === "pdf") throw toRefusal("is called a PDF, but is none");
  if (named === "docx") {
    requireDocx(head);
    return named;
  }
  const foreign = findForeign(head);
  if (foreign !== undefined) throw toRefusal(`${foreign}; what is read is ${readKinds}`);
  if (named !== undefined) return named;
  throw toRefusal(`is of no kind that is read: ${readKinds}`);
}

function toRefusal(predicate: string): DomainError {
  return new DomainError("document_unreadable", `The document ${predicate}.`);
}

function requireDocx(head: Buffer): void {
  if (head.length === 0 || startsWith(head, "504b0304")) return;
  if (startsWith(head, "d0cf11e0a1b11ae1"))
    throw toRefusal("is protected by a password, or is an older Word file (doc)");
  throw toRefusal("is called a Word document, but is none");
}

const marks: readonly (readonly [mark: string, predicate: string])[] = [
  ["89504e470d0a1a0a", "is a picture"],
  ["ffd8ff", "is a picture"],
  ["474946383", "is a picture"],
  ["504b0304", "is a packed file"],
  ["504b0506", "is a packed file"],
  ["1f8b", "is a packed file"],
  ["fd377a585a00", "is a packed file"],
  ["377abcaf271c", "is a packed file"],
  ["28b52ffd", "is a packed file"],
  ["526172211a07", "is a packed file"],
  ["7f454c46", "is a program"],
  ["d0cf11e0a1b11ae1", "is an older Office file"],
  ["7b5c727466", "is a rich text file (rtf)"],
];

/** What a document is that is no text; undefined for text. */
function findForeign(head: Buffer): string | undefined {
  const known = marks.find(([mark]) => startsWith(head, mark));
  if (known !== undefined) return known[1];
  return isText(head) ? undefined : "is binary";
}

function startsWith(head: Buffer, mark: string): boolean {
  return head
    .subarray(0, Math.ceil(mark.length / 2))
    .toString("hex")
    .startsWith(mark);
}

/** Text has no zeros, but as the other half of what UTF-16 writes, and hardly any control characters. */
function isText(head: Buffer): boolean {
  if (startsWith(head, "fffe") || startsWith(head, "feff")) return true;
  let controls = 0;
  const zeros: [number, number] = [0, 0];
  for (const [index, byte] of head.entries()) {
    if (byte === 0) zeros[(index % 2) as 0 | 1]++;
    else if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) controls++;
  }
  const [even, odd] = zeros;
  const isWide = Math.max(even, odd) > head.length / 8 && Math.min(even, odd) <= head.length / 256;
  return controls <= Math.max(2, head.length / 64) && (isWide || even + odd === 0);
}
