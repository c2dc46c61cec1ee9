/** Words that are written with a dot in the middle of a sentence. */
const abbreviations = new Set(
  (
    "mr mrs ms dr prof sr jr st mt vs nos vol pp cf inc ltd corp dept approx " +
    "jan feb apr aug sept oct nov dec bzw evtl ggf inkl usw vgl nr str mme mlle sra sgt capt gov"
  ).split(" "),
);

const wordBefore = /(?:^|[\s("“‘«[*_])((?:\p{L}\p{M}*\.)*\p{L}[\p{L}\p{M}]*)$/u;
/** The number of an item of a list. */
const numberOfItem = /(?:^|\n)[\s>#*-]*\d{1,3}$/;
const lookBack = 24;

/**
 * Whether the dot at `at`, behind which a blank stands, ends the sentence that began at `start`: that of an abbreviation,
 * an initial or a list's number does not.
 */
export function isSentenceDot(text: string, start: number, at: number): boolean {
  const before = text.slice(Math.max(start, at - lookBack), at);
  if (numberOfItem.test(before)) return false;
  const word = wordBefore.exec(before)?.[1];
  if (word === undefined) return true;
  // “e.g.”, “U.S.”, “z.B.”; and initials, of which “I” is more often a word.
  if (word.includes(".")) return false;
  if (/^[\p{Lu}\p{Ll}]$/u.test(word)) return word === "I";
  return !abbreviations.has(word.toLowerCase());
}
