import { resolve } from "node:path";
import type { SpeechSettings } from "@llm-backend/server";
import type { ConfigFile } from "./config-schema.ts";

/** The section `speech`. */
export type SpeechConfig = {
  readonly settings: SpeechSettings;
  readonly prepared: {
    /** Undefined: file.txt in the data folder. */
    readonly text: string | undefined;
    /** Undefined: file.pcm in the data folder. */
    readonly sound: string | undefined;
    readonly rate: number;
  };
  readonly builtIn: {
    readonly engine: "auto" | "package" | "system" | "none";
    readonly warm: boolean;
    readonly command: string;
    readonly speed: number;
    readonly voices: Readonly<Record<string, string>>;
  };
};

/** Draws the conclusions from the section. */
export function toSpeechConfig(speech: ConfigFile["speech"], folder: string): SpeechConfig {
  const { prepared, upstream, builtin } = speech;
  const toPath = (given: string | undefined) => (given === undefined ? undefined : resolve(folder, given));
  return {
    settings: {
      leadMs: Math.round(speech.lead_seconds * 1000),
      language: speech.language,
      audioModels: speech.audio_models,
      audioVoice: speech.audio_voice,
      speechModel: upstream.model,
      speechVoice: upstream.voice,
      speechFormat: upstream.format,
      speechRate: upstream.sample_rate,
    },
    prepared: {
      text: toPath(prepared.text),
      sound: toPath(prepared.sound),
      rate: prepared.sample_rate,
    },
    builtIn: builtin,
  };
}
