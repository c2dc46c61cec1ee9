import { readSearchWords } from "@llm-backend/storage";

/** How many numbers a vector of hashed features has. */
export const hashedDims = 384;

/** A word counts so much more than its parts together, and than a pair of words. */
const partsWeight = 0.7;
const pairWeight = 0.5;
/** Parts of words: long enough to tell words apart, short enough to be shared by forms of one word. */
const partSizes = [3, 4] as const;
/** Short words are the common ones in most languages; how rare a word really is cannot be known here. */
const weightsByLength = [0, 0.2, 0.25, 0.4, 0.7] as const;
/** A longer word is none, but a key or a number: its parts say nothing. */
const partsLengthMax = 40;

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;
const boundary = 0x3c;

/**
 * Makes a vector out of the words of a text, the parts of its words and its pairs of words, each added to a place that
 * its hash names. Texts that share many of these have vectors that are close: it finds other forms of a word and words that
 * are misspelt, but nothing by its meaning. What is written without spaces shares characters, pairs and runs of three.
 *
 * @returns a vector of length one; of zeros where the text has no words.
 */
export function toHashedFeatures(text: string): Float32Array {
  const vector = new Float32Array(hashedDims);
  const counts = new Map<string, number>();
  let last: { readonly text: string; readonly isSingle: boolean; readonly end: number } | undefined;
  let beforeLast: string | undefined;
  for (const word of readSearchWords(text)) {
    const isSingle = isSingleCharacter(word.text);
    const isRun = last !== undefined && last.isSingle && isSingle && last.end === word.start;
    counts.set(word.text, (counts.get(word.text) ?? 0) + 1);
    if (last !== undefined) {
      // A pair of characters is what a word is elsewhere.
      add(
        vector,
        hashPair(last.text, word.text),
        isRun ? 1 : pairWeight * Math.min(toWeight(last.text), toWeight(word.text)),
      );
    }
    if (isRun && beforeLast !== undefined)
      add(vector, hashPair(beforeLast + last?.text, word.text), pairWeight);
    beforeLast = isRun ? last?.text : undefined;
    last = { text: word.text, isSingle, end: word.end };
  }
  for (const [word, count] of counts) addWord(vector, word, (1 + Math.log(count)) * toWeight(word));
  return toLengthOne(vector);
}

function addWord(vector: Float32Array, word: string, weight: number): void {
  add(vector, hashText(word, 0, word.length), weight);
  if (word.length < partSizes[0] || word.length > partsLengthMax) return;
  // With a mark at both ends: the beginning of a word is another part than its middle.
  const parts = partSizes.reduce((sum, size) => sum + Math.max(0, word.length + 3 - size), 0);
  const each = (weight * partsWeight) / Math.sqrt(parts);
  for (const size of partSizes) {
    for (let start = -1; start + size <= word.length + 1; start++) {
      add(vector, hashText(word, start, start + size), each);
    }
  }
}

/** How much a word says, between 0 and 1, as far as can be known here. */
function toWeight(word: string): number {
  if (isSingleCharacter(word) && word.charCodeAt(0) > 0x2e7f) return 0.5;
  return weightsByLength[word.length] ?? 1;
}

function isSingleCharacter(word: string): boolean {
  return (
    word.length === 1 || (word.length === 2 && word.charCodeAt(0) >= 0xd800 && word.charCodeAt(0) < 0xdc00)
  );
}

/** FNV-1a over a part of a word; what is outside of it is its boundary. */
function hashText(word: string, start: number, end: number): number {
  let hash = offsetBasis;
  for (let index = start; index < end; index++) {
    const code = index < 0 || index >= word.length ? boundary : word.charCodeAt(index);
    hash = Math.imul(hash ^ code, prime);
  }
  // Parts of other sizes are other features, whatever they hold.
  return mix(hash ^ (end - start));
}

function hashPair(first: string, second: string): number {
  let hash = offsetBasis;
  for (let index = 0; index < first.length; index++) hash = Math.imul(hash ^ first.charCodeAt(index), prime);
  hash = Math.imul(hash ^ 0x20, prime);
  for (let index = 0; index < second.length; index++)
    hash = Math.imul(hash ^ second.charCodeAt(index), prime);
  return mix(hash);
}

/** Spreads what FNV leaves in the low bits over all of them. */
function mix(given: number): number {
  let hash = Math.imul(given ^ (given >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The sign, too, is of the hash: what falls on one place by chance cancels out on average. */
function add(vector: Float32Array, hash: number, weight: number): void {
  const place = (hash >>> 1) % hashedDims;
  vector[place] = (vector[place] as number) + ((hash & 1) === 0 ? weight : -weight);
}

function toLengthOne(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (squares === 0) return vector;
  const factor = 1 / Math.sqrt(squares);
  for (let index = 0; index < vector.length; index++) vector[index] = (vector[index] as number) * factor;
  return vector;
}
