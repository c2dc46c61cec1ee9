import { DomainError } from "@llm-backend/contract";
import type { PreparedSpeech, SpeechSettings, Synthesiser } from "./ports.ts";

/** What holds where an operator says nothing. */
export const defaultSpeechSettings: SpeechSettings = {
  leadMs: 400,
  language: "en",
  audioModels: ["gpt-4o*-audio-preview*", "gpt-audio*", "qwen*-omni*"],
  audioVoice: "alloy",
  speechModel: undefined,
  speechVoice: "alloy",
  speechFormat: "pcm",
  speechRate: 24_000,
};

/** Nothing lies ready. */
export const nothingPrepared: PreparedSpeech = { find: () => Promise.resolve(undefined) };

/** There is no synthesiser. */
export const noSynthesiser: Synthesiser = {
  speak() {
    const refuse = () =>
      Promise.reject(
        new DomainError("upstream_unavailable", "There is no synthesiser, and no model of speech."),
      );
    return { [Symbol.asyncIterator]: () => ({ next: refuse }) };
  },
};
