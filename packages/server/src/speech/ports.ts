/** A piece of sound: 16 bit, one channel. */
export type Sound = {
  /** Samples a second. */
  readonly rate: number;
  readonly samples: Int16Array;
};

/** What one sentence is spoken with. */
export type SpeakOptions = {
  /** Gives up at once. */
  readonly signal: AbortSignal;
  /** A voice by its name; without it one for the language. */
  readonly voice?: string | undefined;
  /** The language of the text, as in `en`. */
  readonly language: string;
  /** Nobody waits for it yet: whoever is waited for comes first. */
  readonly isAhead: boolean;
};

/** Makes sound of text, without asking anybody outside of this machine. */
export type Synthesiser = {
  /**
   * Speaks one sentence; the sound comes as it is made.
   *
   * @throws DomainError `upstream_unavailable` when there is no synthesiser or it failed; `cancelled` after an abort.
   */
  speak(text: string, options: SpeakOptions): AsyncIterable<Sound>;
  /** Somebody will speak soon: what takes time to get ready may begin. */
  warm?(): void;
};

/** An answer that lies ready. */
export type PreparedAnswer = {
  /** What is said in it. */
  readonly transcript: string;
  /** The sound; whoever stops reading early closes the file. */
  readonly sound: AsyncIterable<Sound>;
};

/** Answers that lie ready in files. */
export type PreparedSpeech = {
  /** The answer for every call; undefined where there is none. */
  find(signal: AbortSignal): Promise<PreparedAnswer | undefined>;
};

/** The time, as speech is paced by. */
export type SpeechClock = {
  /** Milliseconds; only runs forward. */
  now(): number;
  /** Resolves after the time, or with the signal. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
};

/** What an operator can set. */
export type SpeechSettings = {
  /** How far the sound may be ahead of its playing, in milliseconds. */
  readonly leadMs: number;
  /** The language of a text that shows none, as in `en`. */
  readonly language: string;
  /** Patterns of the names of models that speak themselves; `*` stands for any run of characters. */
  readonly audioModels: readonly string[];
  /** The voice that audio models are asked for. */
  readonly audioVoice: string;
  /** The model of `/audio/speech`; undefined: no upstream is asked to speak. */
  readonly speechModel: string | undefined;
  readonly speechVoice: string;
  readonly speechFormat: "pcm" | "wav";
  /** Samples a second of sound that does not say it itself. */
  readonly speechRate: number;
};

/** What voice engines expect. */
export const engineRate = 16_000;
/** How much sound a piece holds. */
export const pieceMs = 40;
/** The samples of a piece. */
export const pieceSamples = (engineRate * pieceMs) / 1000;
