import { defaultSpeechSettings } from "@llm-backend/server";
import { z } from "zod";
import { flag, line, list, oneOf, path, seconds, section, whole } from "../scalar-schemas.ts";

const preparedSchema = section({
  text: path("a text file").optional().meta({
    description: "What is said. Without this key: file.txt in the data folder.",
    example: "./answer.txt",
  }),
  sound: path("a file of sound").optional().meta({
    description:
      "The sound: 16 bit little endian on one channel, or a WAV. Without this key: file.pcm in the data folder.",
    example: "./answer.pcm",
  }),
  sample_rate: whole(8_000, 192_000).default(16_000).meta({
    description: "Samples a second of sound that is no WAV.",
  }),
})
  .prefault({})
  .meta({
    description:
      "A pair of files that answers every call, as long as both are there. They may be put there at any time.",
  });

const upstreamSchema = section({
  model: line(256).optional().meta({
    description:
      "The model of /audio/speech that speaks the answers of models of text. Without this key no upstream is asked to.",
    example: "gpt-4o-mini-tts",
  }),
  voice: line(256).default(defaultSpeechSettings.speechVoice).meta({
    description: "The voice that it is asked for, where the call names none (audio.voice).",
  }),
  format: oneOf(["pcm", "wav"])
    .default(defaultSpeechSettings.speechFormat)
    .meta({ description: "What it is asked for." }),
  sample_rate: whole(8_000, 192_000).default(defaultSpeechSettings.speechRate).meta({
    description: "Samples a second of its pcm.",
  }),
})
  .prefault({})
  .meta({ description: "Speech by an upstream's /audio/speech, sentence by sentence." });

const builtInSchema = section({
  engine: oneOf(["auto", "package", "system", "none"]).default("auto").meta({
    description:
      "package: eSpeak NG as it comes with this server, in a process of its own. system: the espeak-ng of the system. auto: the first of them that there is. none: no built-in speech.",
  }),
  warm: flag().default(false).meta({
    description:
      "Starts its process with the server, and not with the first answer: that one is heard a few tenths of a second sooner, and 130 MB are taken from the beginning.",
  }),
  command: line(4_096).default("espeak-ng").meta({ description: "The system's program." }),
  speed: whole(80, 450).default(175).meta({ description: "Words a minute." }),
  voices: z
    .record(z.string().regex(/^[a-z]{2,3}$/), line(128), {
      error: "expected languages, as in en, with the names of voices",
    })
    .default({})
    .meta({
      description: "Other voices than the usual ones, by language.",
      example: { en: "en-gb", zh: "yue" },
    }),
})
  .prefault({})
  .meta({ description: "The built-in synthesiser, which speaks where nothing else does." });

/** `speech`: where the sound of /audio/chat/completions comes from. */
export const speechSchema = section({
  lead_seconds: seconds(0.04, 10)
    .default(defaultSpeechSettings.leadMs / 1000)
    .meta({ description: "How far sound is sent ahead of its playing." }),
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/, { error: "expected a language, as in en" })
    .default(defaultSpeechSettings.language)
    .meta({ description: "The language of texts that do not show which one they are in." }),
  prepared: preparedSchema,
  audio_models: list(line(256))
    .default([...defaultSpeechSettings.audioModels])
    .meta({
      description:
        "Models that speak themselves and are always asked to; * stands for any run of characters. Others are asked where the call wants it (modalities).",
    }),
  audio_voice: line(256)
    .default(defaultSpeechSettings.audioVoice)
    .meta({ description: "The voice that they are asked for, where the call names none (audio.voice)." }),
  upstream: upstreamSchema,
  builtin: builtInSchema,
})
  .prefault({})
  .meta({
    description:
      "Answers in speech (/audio/chat/completions): prepared files, else a model that speaks itself, else text that an upstream speaks, else the built-in synthesiser. See docs/voice.md.",
  });
