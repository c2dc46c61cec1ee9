import type { Access } from "../key/access.ts";

/**
 * Who wants to know something: the owner of the key. A key or token that the operator gave without an owner reads every
 * base; callers without either read the one that the operator named.
 */
export type KnowledgeReader = Pick<Access, "userId" | "kind">;

/** What is looked for. */
export type KnowledgeQuestion = {
  readonly base: ReadableBase;
  readonly text: string;
  readonly topK: number;
  readonly signal: AbortSignal;
};

/** A base that was found for a reader. */
export type ReadableBase = {
  readonly baseId: string;
  /** Who asks it, and pays for that; null: its owner. */
  readonly userId: number | null;
};

/** What was found, as a message to a model. */
export type FoundContext = { readonly text: string; readonly passages: number };

/** Knowledge bases, as calls of voice engines need them. */
export type VoiceKnowledge = {
  /**
   * Finds a base that a reader may read, by its id or its name.
   *
   * @param isConfigured - The operator named it: then everybody may.
   * @throws DomainError `not_found`, for foreign bases and for those that there are not.
   */
  find(reader: KnowledgeReader, name: string, isConfigured: boolean): Promise<ReadableBase>;
  /** Looks something up in a base that was found; undefined where nothing fits. */
  retrieve(question: KnowledgeQuestion): Promise<FoundContext | undefined>;
};
