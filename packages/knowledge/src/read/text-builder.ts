import type { ReadDocument, TextBlock } from "../ports.ts";
import { createHeadingTrail } from "./heading-trail.ts";
import { toTooMuchText, UnreadableDocument } from "./unreadable-document.ts";

/** Collects the text of a document whose format is not text itself. */
export type TextBuilder = {
  /** Adds a block. Blank text is left out. */
  add(kind: Exclude<TextBlock["kind"], "heading">, text: string, page?: number): void;
  /** Adds a heading, which what follows stands under. Levels count from 1. */
  addHeading(level: number, text: string, page?: number): void;
  build(): ReadDocument;
};

const betweenBlocks = "\n\n";

/**
 * Creates an empty text.
 *
 * @param textCharsMax - What it may have. More is no document that somebody wants to search.
 */
export function createTextBuilder(textCharsMax: number): TextBuilder {
  const parts: string[] = [];
  const blocks: TextBlock[] = [];
  const trail = createHeadingTrail();
  let length = 0;

  const append = (kind: TextBlock["kind"], content: string, page: number | undefined) => {
    const start = length === 0 ? 0 : length + betweenBlocks.length;
    const end = start + content.length;
    if (end > textCharsMax) throw new UnreadableDocument(toTooMuchText(textCharsMax));
    if (length > 0) parts.push(betweenBlocks);
    parts.push(content);
    length = end;
    blocks.push({ start, end, kind, headings: trail.headings, ...(page === undefined ? {} : { page }) });
  };

  return {
    add(kind, text, page) {
      const content = trimBlankLines(toCleanText(text));
      if (content !== "") append(kind, content, page);
    },
    addHeading(level, text, page) {
      const content = toCleanText(text).replaceAll(/\s+/gu, " ").trim();
      if (content === "") return;
      // The heading stands under those above it, not under itself or the one before.
      trail.leave(level);
      append("heading", content, page);
      trail.enter(level, content);
    },
    build: () => ({ text: parts.join(""), blocks }),
  };
}

/** Makes text of what a file says is text: lines end in "\n", and nothing invisible or broken is left. */
export function toCleanText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const controls = /[\u0000-\u0008\u000B\u000E-\u001F\u007F]/gu;
  return text
    .toWellFormed()
    .replaceAll(/\r\n?|[\f\u2028\u2029\u0085]/gu, "\n")
    .replaceAll(controls, "");
}

/** Takes blank lines from both ends, and leaves the first line its indentation. */
function trimBlankLines(text: string): string {
  const trimmed = text.trimEnd();
  const first = trimmed.length - trimmed.trimStart().length;
  return first === 0 ? trimmed : trimmed.slice(trimmed.lastIndexOf("\n", first - 1) + 1);
}
