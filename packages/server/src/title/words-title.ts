import { storableLine } from "@llm-backend/contract";

const charsMax = 60;
/** What a title must not hold, and what it need not hold twice. */
const gaps = /[\p{Cc}\p{White_Space}\u202a-\u202e\u2066-\u2069\u2800]+/gu;
const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A title out of the first words of a message; empty where there is none to be made. */
export function toWordsTitle(message: string): string {
  // Far more than a title takes, and far less than a message may have.
  return cutTitle(toLine(message.slice(0, 2000)), charsMax);
}

/** Any text as one line that a title may be; empty where nothing of it can be seen. */
export function toLine(text: string): string {
  const line = text.replaceAll(gaps, " ").trim().toWellFormed().replaceAll("\ufffd", "");
  return isTitle(line) ? line : "";
}

const titleSchema = storableLine(Number.MAX_SAFE_INTEGER);
const isTitle = (line: string) => titleSchema.safeParse(line).success;

/** Cuts a line to a length at the end of a word, and says so. */
export function cutTitle(line: string, charsLimit: number): string {
  if (line.length <= charsLimit) return line;
  let end = 0;
  for (const { index, segment } of characters.segment(line)) {
    if (index + segment.length > charsLimit - 1) break;
    end = index + segment.length;
  }
  const cut = line.slice(0, end);
  const blank = cut.lastIndexOf(" ");
  // A long word, or a language without blanks, is cut where it stands.
  return `${(blank > charsLimit / 2 ? cut.slice(0, blank) : cut).trimEnd()}…`;
}
