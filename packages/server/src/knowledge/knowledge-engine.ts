import type { Embedder, KnowledgeSearch } from "@llm-backend/knowledge";

/** Reads documents, and embeds what is to be embedded, in the background. */
export type KnowledgeRunner = {
  /** There is something to do, or something was given up. */
  wake(): void;
};

/** What searches documents, and what takes them in. */
export type KnowledgeEngine = {
  readonly search: Pick<KnowledgeSearch, "search">;
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
  search: { search: () => Promise.resolve({ passages: [] }) },
  runner: { wake: () => undefined },
  start: () => undefined,
  close: () => Promise.resolve(),
};
