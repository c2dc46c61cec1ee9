import { readSentences } from "./corpus.ts";

/**
 * Creates what makes texts as long as one wants: sentences of the fables in any order, each with a word of its own, so
 * that common and rare words are as frequent as in a language. The same seed makes the same texts.
 */
export function createTextMaker(seed: number): (chars: number) => string {
  const sentences = readSentences();
  let state = seed;
  // @source Numerical Recipes, the quick and dirty generator: its low bits are not used.
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return (chars) => {
    const said: string[] = [];
    for (let length = 0; length < chars;) {
      const sentence = `${sentences[next(sentences.length)]} (${next(1_000_000_000).toString(36)}.)`;
      said.push(sentence, next(6) === 0 ? "\n\n" : " ");
      length += sentence.length + 1;
    }
    return said.join("");
  };
}
