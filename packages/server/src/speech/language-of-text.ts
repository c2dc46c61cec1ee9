/** Languages that are told by their writing; Han alone is Chinese, with kana beside it Japanese. */
const scripts = [
  ["ja", /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ["ko", /\p{Script=Hangul}/gu],
  ["zh", /\p{Script=Han}/gu],
  ["ru", /\p{Script=Cyrillic}/gu],
  ["el", /\p{Script=Greek}/gu],
  ["ar", /\p{Script=Arabic}/gu],
  ["he", /\p{Script=Hebrew}/gu],
  ["hi", /\p{Script=Devanagari}/gu],
  ["th", /\p{Script=Thai}/gu],
] as const;

/** Short words by which languages in Latin letters give themselves away. */
const words: Readonly<Record<string, ReadonlySet<string>>> = {
  en: toSet("the and of to is in that it you for with are this have not be on was can your from what"),
  de: toSet("der die das und ist nicht ein eine zu mit auf für sie ich den von sich auch werden wie"),
  fr: toSet("le la les des est et une vous que pas pour dans ce qui je nous avec sur au bonjour"),
  es: toSet("el los las es y una que por para con del se su como pero más está usted hola muy"),
  it: toSet("il che di è per una non sono con gli del della questo anche ciao come più nel"),
  pt: toSet("o os as é e um uma que não para com do da em você por mais está olá"),
  nl: toSet("het een en van is niet dat ik je op voor met zijn ook aan maar wat er"),
};

/** A language in Latin letters has to be this much likelier than the one that is expected. */
const evidenceMin = 2;
const sampleChars = 2000;

function toSet(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/**
 * Tells the language of a text, as far as its writing and its short words show it.
 *
 * @param expected - The language of a text that shows nothing, such as a name: that of the sentences before.
 */
export function findLanguage(text: string, expected: string): string {
  const sample = text.slice(0, sampleChars);
  const latin = count(sample, /\p{Script=Latin}+/gu);
  let [best, most] = ["", 0];
  for (const [language, pattern] of scripts) {
    const found = count(sample, pattern);
    // Kana and Hangul stand among Han characters, and tell more than they do.
    if (found > most && !(best === "ja" && language === "zh" && found < most * 20))
      [best, most] = [language, found];
  }
  // A word of Latin letters counts about as much as one character of Chinese.
  return most > latin ? best : findLatin(sample, expected);
}

function findLatin(sample: string, expected: string): string {
  const found = sample.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
  if (found.length === 0) return expected;
  const scores = Object.entries(words).map(
    ([language, own]) => [language, found.filter((word) => own.has(word)).length] as const,
  );
  const base = scores.find(([language]) => language === expected)?.[1] ?? 0;
  const [language, score] = scores.reduce((best, next) => (next[1] > best[1] ? next : best));
  return score >= base + evidenceMin || (!(expected in words) && score > 0) ? language : expected;
}
