/** What an operator can set of calls of voice engines. */
export type VoiceSettings = {
  /** The model that is asked where a call names none. */
  readonly model: string | undefined;
  /** What is said while a knowledge base is looked through; one of them, by chance. */
  readonly waitingSentences: readonly string[];
  /** The knowledge base of calls that name none: its id. */
  readonly knowledgeBase: string | undefined;
  /** How many passages are put in front of a question. */
  readonly passagesMax: number;
  /** What goes out in front of an answer, as the engine's own kind of chunk; undefined sends none. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly tools: VoiceToolSettings;
  readonly memory: VoiceMemorySettings;
};

/** Which tools models may call while nobody can be asked. */
export type VoiceToolSettings = {
  /** Patterns of names; undefined: those that nobody has to be asked for in conversations either. */
  readonly allow: readonly string[] | undefined;
  /** So often a model may be given results; then it has to answer. */
  readonly roundsMax: number;
};

/** What is remembered of a conversation beyond what its engine sends again. */
export type VoiceMemorySettings = {
  readonly isEnabled: boolean;
  /** So many turns, a turn being what a user said and what was answered. */
  readonly turnsMax: number;
  /** What is older is forgotten. */
  readonly keptMs: number;
};

/** What holds where an operator says nothing. */
export const defaultVoiceSettings: VoiceSettings = {
  model: undefined,
  waitingSentences: ["One moment, please.", "Let me look that up.", "Just a second."],
  knowledgeBase: undefined,
  passagesMax: 5,
  metadata: undefined,
  tools: { allow: undefined, roundsMax: 5 },
  memory: { isEnabled: true, turnsMax: 20, keptMs: 24 * 3_600_000 },
};
