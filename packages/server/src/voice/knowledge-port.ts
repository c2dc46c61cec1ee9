/** Who wants to know something. */
export type KnowledgeReader = {
  /** The owner of the key; null for callers without an account, who may read what the operator named alone. */
  readonly userId: number | null;
};

/** What is looked for. */
export type KnowledgeQuestion = {
  /** As the caller or the configuration names it: an id, or a name. */
  readonly baseId: string;
  readonly text: string;
  readonly topK: number;
  readonly signal: AbortSignal;
};

/** What was found, as a message to a model. */
export type FoundContext = { readonly text: string; readonly passages: number };

/** Knowledge bases, as calls of voice engines need them. */
export type VoiceKnowledge = {
  /**
   * The id of a base that a reader may read.
   *
   * @param isConfigured - The operator named it: then everybody may.
   * @throws DomainError `not_found`, for foreign bases and for those that there are not.
   */
  find(reader: KnowledgeReader, name: string, isConfigured: boolean): Promise<string>;
  /** Looks something up in a base that was found; undefined where nothing fits. */
  retrieve(reader: KnowledgeReader, question: KnowledgeQuestion): Promise<FoundContext | undefined>;
};
