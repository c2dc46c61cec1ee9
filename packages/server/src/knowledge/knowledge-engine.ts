import type { Embedder, FoundPassage, KnowledgeQuery } from "@llm-backend/knowledge";

/** Finds passages. */
export type KnowledgeSearch = {
  /**
   * The passages that answer best, best first.
   *
   * @throws DomainError as the embedding model's upstream does; the abort's reason after an abort.
   */
  find(query: KnowledgeQuery, options: { readonly signal: AbortSignal }): Promise<readonly FoundPassage[]>;
};

/** Reads documents, and embeds what is to be embedded, in the background. */
export type KnowledgeRunner = {
  /** There is something to do, or something was given up. */
  wake(): void;
};

/** What searches documents, and what takes them in. */
export type KnowledgeEngine = {
  readonly search: KnowledgeSearch;
  readonly runner: KnowledgeRunner;
  /** Begins to work on jobs; to be called once the server is ready to serve. */
  start(): void;
  /** Puts back what is worked on, and ends everything that was started. */
  close(): Promise<void>;
};

/** What the services give to the engine. */
export type EngineGiven = {
  /** The embedder of a model of some upstream. */
  readonly embedder: (model: string) => Embedder;
  /** Names this process. */
  readonly owner: string;
  /** To be called when something is to be removed. */
  readonly onLeftovers: () => void;
  readonly onInternalError: (error: unknown) => void;
};

/** Opens the engine. */
export type OpenKnowledgeEngine = (given: EngineGiven) => KnowledgeEngine;

/** The engine of a process that has none: nothing is found, and nothing is read. */
export const idleEngine: KnowledgeEngine = {
  search: { find: () => Promise.resolve([]) },
  runner: { wake: () => undefined },
  start: () => undefined,
  close: () => Promise.resolve(),
};
