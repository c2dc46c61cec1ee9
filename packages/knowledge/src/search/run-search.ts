import { builtinEmbeddingModel } from "@llm-backend/contract";
import type { KnowledgeReader, PlacedPassage } from "@llm-backend/storage";
import type { FoundPassage } from "../ports.ts";
import type { Scored } from "../vector/best-list.ts";
import type { VectorIndex } from "../vector/vector-index.ts";
import { findHighlights } from "./find-highlights.ts";
import { fuseRanks } from "./fuse-ranks.ts";
import { readQuestionTerms, withWordForms, type QuestionTerm } from "./question-terms.ts";
import { searchByWords, type SearchControl, type WordScope } from "./search-by-words.ts";
import type { SearchAnswer, SearchRequest } from "./search-messages.ts";
import type { SearchedBases } from "./searched-bases.ts";

/** What searching stands on. */
export type SearchGround = {
  readonly reader: KnowledgeReader;
  readonly bases: SearchedBases;
  readonly vectors: VectorIndex;
};

/** So many of each list are joined, where fewer are wanted: what is low in both may be high in the sum. */
const joinedMin = 100;
const joinedFactor = 2;
/** Hashed features of texts that share nothing are as close as that by chance. */
const hashedFloor = 0.1;
/**
 * Beside words, hashed features say little that is new, and now and then something wrong: they decide between what is
 * nearly equal, and fill up behind what the words have found.
 */
const hashedWeight = 0.02;

/** A passage that was found, and where. */
type Found = Pick<FoundPassage, "score" | "lexicalRank" | "vectorRank"> & { readonly id: number };

/** Carries out a search, on one state of the database. */
export function runSearch(
  ground: SearchGround,
  request: SearchRequest,
  control: SearchControl,
): SearchAnswer {
  return ground.reader.read(() => {
    const scopes = listScopes(ground.bases, request);
    const depth = Math.max(joinedMin, request.limit * joinedFactor);
    const terms = withWordForms(readQuestionTerms(request.text));
    const byWords =
      request.mode === "vector"
        ? undefined
        : searchByWords(ground.reader, { terms, scopes, limit: depth }, control);
    const byVectors =
      request.mode === "lexical" ? [] : searchByVectors(ground.vectors, { request, scopes, depth }, control);
    const fused = fuseFound(byWords?.found ?? [], byVectors).slice(0, request.limit);
    const passages = ground.reader.readPassages(fused.map(({ id }) => id));
    return {
      passages: toFound(fused, passages, byWords?.telling ?? terms),
      missingModels: request.mode === "lexical" ? [] : listMissing(request, scopes),
    };
  });
}

function listScopes(bases: SearchedBases, { baseIds, documentIds }: SearchRequest): WordScope[] {
  const documents = documentIds && new Set(documentIds);
  return [...new Set(baseIds)].flatMap((baseId) => {
    const contents = bases.find(baseId);
    if (contents === undefined) return [];
    const versions =
      documents &&
      contents.versions.filter(({ documentId }) => documents.has(documentId)).map(({ number }) => number);
    return [{ contents, versions }];
  });
}

/** The models whose vectors would be needed, and are not there: a base has changed its model meanwhile. */
function listMissing({ vectors }: SearchRequest, scopes: readonly WordScope[]): string[] {
  const given = new Set(vectors.map(({ model }) => model));
  const models = scopes.flatMap(({ contents: { base } }) => (base.dims === null ? [] : [base.model]));
  return [...new Set(models)].filter((model) => !given.has(model));
}

/** What the vectors of one model found, closest first. */
type FoundByVectors = { readonly model: string; readonly found: readonly Scored[] };

function searchByVectors(
  index: VectorIndex,
  given: { readonly request: SearchRequest; readonly scopes: readonly WordScope[]; readonly depth: number },
  { check }: SearchControl,
): FoundByVectors[] {
  return given.request.vectors.map(({ model, vector }) => {
    const scopes = given.scopes.flatMap(({ contents: { base, versions: all }, versions }) => {
      if (base.model !== model || base.dims === null) return [];
      return [
        { spaceId: base.spaceId, dims: base.dims, versions: versions ?? all.map(({ number }) => number) },
      ];
    });
    const floor = model === builtinEmbeddingModel ? hashedFloor : 0;
    return { model, found: index.search({ query: vector, scopes, limit: given.depth, floor, check }) };
  });
}

/**
 * Joins what was found. Lists of different models stand side by side: how close vectors are says nothing beside those of
 * another model. A list that has nothing does not make worse what the others have.
 */
function fuseFound(byWords: readonly Scored[], byVectors: readonly FoundByVectors[]): Found[] {
  const vectors = byVectors.filter(({ found }) => found.length > 0);
  const words = byWords.length > 0 ? [byWords] : [];
  const lists = [...words, ...vectors.map(({ found }) => found)].map((list) => list.map(({ id }) => id));
  const weights = vectors.map(({ model }) =>
    words.length > 0 && model === builtinEmbeddingModel ? hashedWeight : 1,
  );
  return fuseRanks(lists, [...words.map(() => 1), ...weights]).map(({ id, score, ranks }) => ({
    id,
    score,
    lexicalRank: words.length > 0 ? ranks[0] : undefined,
    vectorRank: ranks.slice(words.length).find((rank) => rank !== undefined),
  }));
}

function toFound(
  fused: readonly Found[],
  passages: readonly PlacedPassage[],
  terms: readonly QuestionTerm[],
): FoundPassage[] {
  const byId = new Map(passages.map((passage) => [passage.id, passage]));
  return fused.flatMap(({ id, score, lexicalRank, vectorRank }) => {
    const placed = byId.get(id);
    if (placed === undefined) return [];
    const { id: passageId, baseId, documentId, documentName, page, ...passage } = placed;
    return [
      {
        passageId,
        baseId,
        documentId,
        documentName,
        passage: { ...passage, ...(page !== undefined && { page }) },
        score,
        lexicalRank,
        vectorRank,
        highlights: findHighlights(passage.content, terms),
      },
    ];
  });
}
