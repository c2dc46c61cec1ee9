import { matchesPattern } from "@llm-backend/gateway";
import { isFields } from "../voice/engine-fields.ts";
import type { VoiceRequest } from "../voice/voice-request.ts";
import type { SpeechSettings } from "./ports.ts";

/** How a model is asked: for text, or for its own sound. */
export type AudioWish = {
  readonly fields: Readonly<Record<string, unknown>>;
  /** How long the sound is waited for when text comes without it; 0 expects none. */
  readonly soundGraceMs: number;
};

/** The fields of a body by which a model is asked for sound. */
export const audioFields = ["modalities", "audio"] as const;

/** Remembers which models have no sound of their own, though they were asked for it. */
export type MuteModels = {
  has(model: string): boolean;
  note(model: string): void;
};

/** A model that was asked for sound may send text first. */
const graceMs = 300;
const muteMs = 10 * 60_000;
const muteMax = 256;

/** The wish for text alone: an upstream might refuse words about sound. */
export function wishText({ body }: VoiceRequest): AudioWish {
  const { modalities } = body;
  const asksSound = Array.isArray(modalities) && modalities.includes("audio");
  return { fields: { audio: undefined, ...(asksSound && { modalities: undefined }) }, soundGraceMs: 0 };
}

/** The wish for sound, where the caller or the configuration has one; a model that is known to be mute is not asked. */
export function wishSound(
  { body, model = "" }: VoiceRequest,
  { audioModels, audioVoice }: SpeechSettings,
  mute: MuteModels,
): AudioWish | undefined {
  const { modalities, audio } = body;
  const isConfigured = audioModels.some((pattern) => matchesPattern(pattern, model));
  const isAsked = Array.isArray(modalities) && modalities.includes("audio") && !mute.has(model);
  if (!isConfigured && !isAsked) return undefined;
  const voice = isFields(audio) && audio["voice"] !== undefined ? audio["voice"] : audioVoice;
  return {
    // The one format that can be streamed.
    fields: { modalities: ["text", "audio"], audio: { voice, format: "pcm16" } },
    soundGraceMs: isConfigured ? Number.POSITIVE_INFINITY : graceMs,
  };
}

/** Creates an empty memory of mute models; each is forgotten after a while. */
export function createMuteModels(now: () => number): MuteModels {
  const until = new Map<string, number>();
  return {
    has: (model) => (until.get(model) ?? 0) > now(),
    note(model) {
      until.delete(model);
      if (until.size >= muteMax) until.delete(until.keys().next().value ?? "");
      until.set(model, now() + muteMs);
    },
  };
}
