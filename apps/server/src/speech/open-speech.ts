import { join } from "node:path";
import type { SpeechParts } from "@llm-backend/server";
import type { Logger } from "pino";
import type { SpeechConfig } from "../config/speech-config.ts";
import type { Config } from "../config/to-config.ts";
import type { OpenSynthesiser } from "./open-synthesiser.ts";
import { createPackageSynthesiser } from "./package-synthesiser.ts";
import { createPreparedFiles } from "./prepared-files.ts";
import { createSystemSynthesiser } from "./system-synthesiser.ts";

/** What speech is made of here; to be closed. */
export type OpenSpeech = SpeechParts & { close(): void };

/** Opens it as a configuration says. Nothing is started before somebody is to hear something, unless it says so. */
export function openSpeech(
  { speech: { prepared, builtIn }, data }: Pick<Config, "speech" | "data">,
  logger: Logger,
): OpenSpeech {
  const synthesiser = openSynthesiser(builtIn, logger);
  if (builtIn.warm) synthesiser?.warm();
  return {
    prepared: createPreparedFiles({
      text: prepared.text ?? join(data, "file.txt"),
      sound: prepared.sound ?? join(data, "file.pcm"),
      rate: prepared.rate,
    }),
    ...(synthesiser !== undefined && { synthesiser }),
    close: () => synthesiser?.close(),
  };
}

function openSynthesiser(
  { engine, command, speed, voices }: SpeechConfig["builtIn"],
  logger: Logger,
): OpenSynthesiser | undefined {
  if (engine === "none") return undefined;
  if (engine === "system" || (engine === "auto" && !hasPackage()))
    return createSystemSynthesiser({ command, speed, voices });
  return createPackageSynthesiser({
    speed,
    voices,
    onLost: (reason) => logger.warn({ reason }, "The built-in synthesiser was lost"),
  });
}

/** It may have been taken out, for its licence or its size. */
function hasPackage(): boolean {
  try {
    import.meta.resolve("@echogarden/espeak-ng-emscripten");
    return true;
  } catch {
    return false;
  }
}
