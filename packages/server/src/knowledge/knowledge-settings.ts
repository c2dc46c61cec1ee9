/** What an operator can set of knowledge bases. */
export type KnowledgeSettings = {
  /** The embedding models that bases can have beside the built-in one; undefined: those of the upstreams' models that look like some. */
  readonly models: readonly string[] | undefined;
  /** What bases have that name none; undefined: the built-in one. */
  readonly defaultModel: string | undefined;
  readonly basesPerUser: number;
  readonly documentsPerUser: number;
  /** The most bytes of the documents of a user's bases. */
  readonly bytesPerUser: number;
  readonly fileBytesMax: number;
  /** How many passages an answer is given that says nothing else. */
  readonly topK: number;
  /** The most tokens that passages have in one prompt. */
  readonly contextTokensMax: number;
  /** How long an answer waits for its passages. */
  readonly lookUpMsMax: number;
};

const mebibyte = 1024 * 1024;

/** What holds where an operator says nothing else. */
export const defaultKnowledgeSettings: KnowledgeSettings = {
  models: undefined,
  defaultModel: undefined,
  basesPerUser: 100,
  documentsPerUser: 10_000,
  bytesPerUser: 4096 * mebibyte,
  fileBytesMax: 50 * mebibyte,
  topK: 5,
  contextTokensMax: 4000,
  lookUpMsMax: 15_000,
};
