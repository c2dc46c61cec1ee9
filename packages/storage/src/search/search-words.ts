/** One word of a text, folded, and where it stands: from `start` up to `end`, in UTF-16 units. */
export type SearchWord = { readonly text: string; readonly start: number; readonly end: number };

/**
 * Words are runs of letters, digits and the marks on them. What is written without spaces between its words (Chinese,
 * Japanese, Korean, Thai and its neighbours) has every character stand alone, so that a word of any length is found as
 * a run of them; so does every pictograph.
 */
const wordPattern =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Extended_Pictographic}]|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Extended_Pictographic}]]+/gv;

const isAscii = /^[\0-\x7f]*$/;
/** Accents that people leave out when they search; marks of other scripts tell words apart. */
const accents = /[\u0300-\u036f]/g;

/** Reads the words of a text, in order. Lazily: a reader that has found what it looks for reads no further. */
export function* readSearchWords(text: string): Generator<SearchWord, void> {
  for (const match of text.matchAll(wordPattern)) {
    const [word] = match;
    yield { text: fold(word), start: match.index, end: match.index + word.length };
  }
}

/** A text as it is put into the index: its folded words with blanks between them. */
export function toSearchText(text: string): string {
  // The index itself folds and splits this much, and most of all texts are this.
  if (isAscii.test(text)) return text;
  return (text.match(wordPattern) ?? []).map(fold).join(" ");
}

/** Words as the index cuts them out of such a text. */
const indexedWords = /[0-9A-Za-z\u0080-\uffff]+/g;

/**
 * Makes the words of a text those of one user: the index then has lists of each user's own. A search reads nothing of
 * anybody else's, nor anything of its user's but the words that it looks for.
 *
 * @param text as `toSearchText` writes it.
 */
export function toOwnWords(text: string, userId: number): string {
  // A number and a letter: no other user's words begin so.
  return text.replaceAll(indexedWords, `${userId}u$&`);
}

/** One form for all ways to write a word: case, accents, widths. */
function fold(word: string): string {
  const lower = word.toLowerCase();
  if (isAscii.test(lower)) return lower;
  return lower.normalize("NFKD").replaceAll(accents, "").normalize("NFKC").replaceAll("ς", "σ");
}
