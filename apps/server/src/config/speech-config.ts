import { join, resolve } from "node:path";
import type { SpeechSettings } from "@llm-backend/server";
import type { ConfigFile } from "./config-schema.ts";

/** The section `speech`. */
export type SpeechConfig = {
  readonly settings: SpeechSettings;
  readonly prepared: { readonly text: string; readonly sound: string; readonly rate: number };
  readonly builtIn: {
    readonly engine: "auto" | "package" | "system" | "none";
    readonly warm: boolean;
    readonly command: string;
    readonly speed: number;
    readonly voices: Readonly<Record<string, string>>;
  };
};

/** Where paths begin. */
export type SpeechFolders = {
  /** That of the configuration. */
  readonly folder: string;
  readonly data: string;
};

/** Draws the conclusions from the section. */
export function toSpeechConfig(speech: ConfigFile["speech"], { folder, data }: SpeechFolders): SpeechConfig {
  const { prepared, upstream, builtin } = speech;
  const toPath = (given: string | undefined, name: string) =>
    given === undefined ? join(data, name) : resolve(folder, given);
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
      text: toPath(prepared.text, "file.txt"),
      sound: toPath(prepared.sound, "file.pcm"),
      rate: prepared.sample_rate,
    },
    builtIn: builtin,
  };
}
