import { DomainError, findDomainError } from "@llm-backend/contract";
import type { Repositories } from "@llm-backend/storage";
import type { Embedder, KnowledgeQuery, KnowledgeSearch } from "../ports.ts";
import type { SearchRequest } from "./search-messages.ts";
import { createSearchThread } from "./search-thread.ts";

/** What searching knowledge bases stands on. */
export type KnowledgeSearchDeps = {
  readonly storage: { readonly bases: Pick<Repositories["bases"], "listSpaces"> };
  /** The database of the storage; it is read through a connection of its own. */
  readonly path: string;
  /** The embedder of a model; undefined: there is none. */
  readonly findEmbedder: (model: string) => Embedder | undefined;
  /** How much memory vectors are kept in; what finds no room is read from the database at every search. @default 512 MiB */
  readonly vectorBytesMax?: number | undefined;
};

const mebibyte = 1024 * 1024;
const defaultVectorBytesMax = 512 * mebibyte;
/** Common words of a large base take so long at most; what was found by then is what is found. */
const lateMs = 1000;
/** The first search of a large base reads all its vectors. */
const stuckMs = 60_000;
const waitingMax = 256;
/** A base may change its model between two looks. */
const triesMax = 2;

type Vectors = { readonly vectors: SearchRequest["vectors"]; readonly failure?: Error };

/**
 * Creates the search over knowledge bases, with a thread of its own for everything that takes longer than a message.
 *
 * @example
 *     const search = createKnowledgeSearch({ storage, path, findEmbedder: () => createHashedEmbedder() });
 *     const { passages } = await search.search({ text, baseIds, limit: 5, userId }, { signal });
 */
export function createKnowledgeSearch(deps: KnowledgeSearchDeps): KnowledgeSearch {
  const thread = createSearchThread({
    data: { path: deps.path, vectorBytesMax: deps.vectorBytesMax ?? defaultVectorBytesMax, lateMs },
    waitingMax,
    stuckMs,
    // Beside the source, or beside what was built of it.
    entry: new URL(`search-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
  });

  return {
    async search(query, { signal }) {
      const { text, baseIds, documentIds, limit, mode = "hybrid" } = query;
      for (let tries = 1; ; tries++) {
        const { vectors, failure } = await embedQuestion(deps, query, signal);
        const answer = await thread.ask({ text, baseIds, documentIds, limit, mode, vectors }, signal);
        if (answer.missingModels.length === 0 || failure !== undefined || tries === triesMax) {
          return { passages: answer.passages, ...(failure !== undefined && { failure }) };
        }
      }
    },
    close: () => thread.close(),
  };
}

/** The question as the models of the bases see it. Where that fails, there are words to find it by. */
async function embedQuestion(
  deps: KnowledgeSearchDeps,
  query: KnowledgeQuery,
  signal: AbortSignal,
): Promise<Vectors> {
  if (query.mode === "lexical") return { vectors: [] };
  const spaces = await deps.storage.bases.listSpaces(query.baseIds);
  const models = new Set(spaces.flatMap(({ model, dims }) => (dims === null ? [] : [model])));
  const embedding = Array.from(models, async (model) => {
    const embedder = deps.findEmbedder(model);
    if (embedder === undefined)
      throw new DomainError("model_not_found", `The embedding model "${model}" is not there.`);
    const options = { signal, purpose: "query", userId: query.userId } as const;
    const [vector] = await embedder.embed([query.text], options);
    if (vector === undefined)
      throw new DomainError("upstream_unavailable", "The embedding model gave no vector.");
    return { model, vector: toLengthOne(vector) };
  });
  const results = await Promise.allSettled(embedding);
  signal.throwIfAborted();
  const failed = results.find((result) => result.status === "rejected");
  const vectors = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (failed === undefined) return { vectors };
  const failure: unknown = failed.reason;
  if (query.mode === "vector") throw failure;
  return {
    vectors,
    failure:
      findDomainError(failure) ??
      new DomainError("internal", "The question has no vector.", { cause: failure }),
  };
}

/** A copy of length one. */
function toLengthOne(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const factor = squares > 0 && Number.isFinite(squares) ? 1 / Math.sqrt(squares) : 0;
  return vector.map((value) => value * factor);
}
