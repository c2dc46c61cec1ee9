/** What ends in a full stop, and goes on behind it as if a sentence began: titles, references, and the like. */
const abbreviations: ReadonlySet<string> = new Set(
  [
    "mr mrs ms dr prof st sr jr rev hon gen col capt lt sgt gov sen rep pres messrs mt",
    "vs etc e.g i.e cf al et viz approx ca no nos vol vols fig figs eq eqs sec ch pp p ed eds dept inc ltd corp co",
    "jan feb mar apr jun jul aug sept sep oct nov dec mon tue wed thu fri sat sun",
    "z.b d.h u.a u.s.w usw bzw bzgl vgl evtl ggf inkl exkl nr str abs art hr fr dipl ing hrsg s.o s.u ca sog",
    "m mm mme mlle av env p.ex c.-à-d n chap sra srta ud uds pág núm ej dott sig",
    "тыс млн млрд стр рис г гг др т.е т.д т.п",
  ]
    .join(" ")
    .split(" "),
);

// The last word, if a full stop is all that comes after it.
const lastWord = /([\p{L}\p{M}][\p{L}\p{M}.-]{0,11})\.["'»”’)\]]*\s+$/u;
const tailChars = 32;

/** Tells whether a sentence ends only because of an abbreviation or an initial ("J. R. R."). */
export function endsInAbbreviation(sentence: string): boolean {
  const tail = sentence.slice(-tailChars);
  const word = lastWord.exec(tail)?.[1];
  if (word === undefined) return false;
  const isWhole = !/[\p{L}\p{M}.-]/u.test(tail.charAt(tail.lastIndexOf(word) - 1));
  return isWhole && (/^\p{Lu}$/u.test(word) || abbreviations.has(word.toLowerCase()));
}
