import type { Synthesiser } from "@llm-backend/server";

/** A synthesiser that is to be closed. */
export type OpenSynthesiser = Synthesiser & {
  /** Makes it ready, where that takes time: somebody will speak soon. */
  warm(): void;
  /** The process that is running; undefined where there is none. */
  readonly pid: number | undefined;
  close(): void;
};

/** How the built-in synthesiser speaks. */
export type VoiceOptions = {
  /** Voices by language, before those that are known here. */
  readonly voices: Readonly<Record<string, string>>;
  /** Words a minute. */
  readonly speed: number;
};
