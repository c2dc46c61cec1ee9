/** Stands where a key was. */
const hidden = "[key]";

// Each is linear: it begins at a word, and goes on with one class of characters.
const keys =
  /(?<![\w-])(?:sk|pk|rk|gsk|hf|r8|xai|pplx|fw|nvapi|csk|ghp|glpat|rt)[-_][\w*-]{8,}|(?<!\w)AIza[\w-]{20,}|(?<!\w)eyJ[\w-]{8,}\.[\w.-]+/g;
const bearer = /(?<!\w)(bearer|basic)\s+[\w.~+/=*-]{6,}/gi;
/** Nothing shorter is one of these. */
const secretCharsMin = 11;
/** Keys of ours and of OpenAI's kind, as they may stand in what somebody asks: with a digit, so that no word is one. */
const keysInBodies = /(?<![\w-])sk-(?=[A-Za-z_-]{0,64}\d)[\w-]{16,}/g;

/** A text as every database takes it: without NUL and lone surrogates, and cut behind so many characters. */
function toStorable(text: string, charsMax: number): string {
  const cut = text.length > charsMax ? text.slice(0, charsMax) : text;
  const clean = cut.isWellFormed() ? cut : cut.toWellFormed();
  return clean.includes("\0") ? clean.replaceAll("\0", "\ufffd") : clean;
}

/** A line of a record: storable, short, and without anything that looks like a key. */
export function toStoredLine(text: string, charsMax = 500): string {
  if (text.length < secretCharsMin) return toStorable(text, charsMax);
  return toStorable(text, charsMax).replaceAll(keys, hidden).replaceAll(bearer, `$1 ${hidden}`);
}

/** What was asked or answered: storable, cut, and without keys as this system and OpenAI make them. */
export function toStoredBody(text: string, charsMax: number): string {
  const body = toStorable(text, charsMax);
  return body.includes("sk-") ? body.replaceAll(keysInBodies, hidden) : body;
}
