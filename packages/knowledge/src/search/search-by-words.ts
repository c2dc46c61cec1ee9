import type { KnowledgeReader } from "@llm-backend/storage";
import { BestList, type Scored } from "../vector/best-list.ts";
import type { QuestionTerm } from "./question-terms.ts";
import type { BaseContents } from "./searched-bases.ts";

/** A base to look in, or some contents of it. */
export type WordScope = {
  readonly contents: BaseContents;
  /** Only these; undefined: all that are found. */
  readonly versions: readonly number[] | undefined;
};

/** When a search ends before its time. */
export type SearchControl = {
  /** Throws when nobody waits for the search any more; asked often. */
  readonly check: () => void;
  /** Whether to make do with what has been found. */
  readonly isLate: () => boolean;
};

/** What was found by words. */
export type FoundByWords = {
  /** Best first. */
  readonly found: readonly Scored[];
  /** The terms that tell passages apart: those worth showing where they stand. */
  readonly telling: readonly QuestionTerm[];
};

type CountedTerm = { readonly term: QuestionTerm; readonly passagesMax: number };

/** So many matches are looked at for one question: those of rare words first, and those of words that a large base is full of not at all. */
const matchesMax = 40_000;
const matchesPerCheck = 1024;
/** What another form of a word counts, beside the word itself. */
const formShare = 0.6;
/** So many counts are kept of a base. */
const countsMax = 20_000;
/** A word that more of the passages have than this tells none apart. */
const tellingShare = 0.4;
/** What FTS5 puts in place of the weight of words that more than half of all rows have. */
const leastWeight = 1e-6;

/**
 * Finds passages by the words that they share with a question (BM25: rare words count more, and the first time a word
 * stands there more than the tenth). How rare a word is, each base tells for itself.
 */
export function searchByWords(
  reader: KnowledgeReader,
  given: {
    readonly terms: readonly QuestionTerm[];
    readonly scopes: readonly WordScope[];
    readonly limit: number;
  },
  control: SearchControl,
): FoundByWords {
  const best = new BestList(given.limit);
  const telling = new Set<QuestionTerm>();
  for (const scope of given.scopes) {
    const scores = new Map<number, number>();
    const counted = countTerms(reader, { terms: given.terms, contents: scope.contents }, control);
    let matchesLeft = matchesMax / given.scopes.length;
    for (const { term, passagesMax } of counted) {
      if (scores.size > 0 && (passagesMax > matchesLeft || control.isLate())) break;
      const found = addMatches(reader, { term, passagesMax, scope, scores }, control);
      matchesLeft -= found;
      if (found <= scope.contents.passages * tellingShare) telling.add(term);
    }
    for (const { id, score } of listFound(reader, scores, { scope, limit: given.limit }))
      best.offer(id, score);
  }
  return { found: best.list(), telling: telling.size > 0 ? [...telling] : given.terms };
}

/**
 * The terms that stand somewhere in the base, the rarest first, each with the number of passages that it is in at most. Of a
 * long question, those that there is time for.
 */
function countTerms(
  reader: KnowledgeReader,
  of: { readonly terms: readonly QuestionTerm[]; readonly contents: BaseContents },
  { check, isLate }: SearchControl,
): CountedTerm[] {
  const { base, counts } = of.contents;
  const count = (word: string) => {
    const known = counts.get(word) ?? reader.countWord(base.number, word);
    if (counts.size >= countsMax) counts.clear();
    counts.set(word, known);
    return known;
  };
  const counted: CountedTerm[] = [];
  for (const term of of.terms) {
    check();
    if (counted.length > 0 && isLate()) break;
    const passagesMax = Math.min(...term.words.map(count));
    if (passagesMax > 0) counted.push({ term, passagesMax });
  }
  return counted.toSorted((first, second) => first.passagesMax - second.passagesMax);
}

/** Adds what a term counts in each passage that has it. @returns how many there are. */
function addMatches(
  reader: KnowledgeReader,
  of: CountedTerm & { readonly scope: WordScope; readonly scores: Map<number, number> },
  { check, isLate }: SearchControl,
): number {
  const { contents, versions } = of.scope;
  const matches: (readonly [number, number])[] = [];
  for (const match of reader.matchWords({
    baseNumber: contents.base.number,
    words: of.term.words,
    versions,
  })) {
    matches.push(match);
    if (matches.length % matchesPerCheck !== 0) continue;
    check();
    // Half of a word's matches would prefer the oldest passages.
    if (isLate() && of.scores.size > 0) return matches.length;
  }
  check();
  // The index weighs a word by the rows of all bases: that is taken out, and put in is how rare it is in this one.
  const inIndex = versions === undefined ? matches.length : of.passagesMax;
  const indexed = reader.countIndexed();
  const weightOfIndex = Math.max(leastWeight, Math.log((indexed - inIndex + 0.5) / (inIndex + 0.5)) || 0);
  const passages = Math.max(contents.passages, matches.length);
  const weight = Math.log(1 + (passages - matches.length + 0.5) / (matches.length + 0.5)) / weightOfIndex;
  const share = of.term.isForm === true ? formShare : 1;
  for (const [id, score] of matches) of.scores.set(id, (of.scores.get(id) ?? 0) + score * weight * share);
  return matches.length;
}

/** The best of what is found: what belongs to contents that are not, or not yet, is left out. */
function listFound(
  reader: KnowledgeReader,
  scores: ReadonlyMap<number, number>,
  { scope, limit }: { readonly scope: WordScope; readonly limit: number },
): readonly Scored[] {
  const wanted = scope.versions === undefined ? scope.contents.numbers : new Set(scope.versions);
  for (let size = limit * 2; ; size *= 4) {
    const best = new BestList(size);
    for (const [id, score] of scores) best.offer(id, score);
    const candidates = best.list();
    const versions = reader.findVersions(candidates.map(({ id }) => id));
    const found = candidates.filter(({ id }) => wanted.has(versions.get(id) ?? -1));
    if (found.length >= limit || size >= scores.size) return found.slice(0, limit);
  }
}
