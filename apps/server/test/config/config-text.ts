import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, type ConfigProblem } from "../../src/config/config-error.ts";
import type { ConfigFlags } from "../../src/config/overrides.ts";
import { readConfig, type ReadConfig } from "../../src/config/read-config.ts";
import type { Environment } from "../../src/env.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

/** An environment in which only these variables of ours are set. */
export function createEnvironment(settings: Environment["settings"] = {}): Environment {
  return { settings, unknownSettings: [], providerVariables: {} };
}

/** What stands beside the file. */
export type TextSources = {
  readonly settings?: Environment["settings"];
  readonly flags?: ConfigFlags;
};

/** Writes a text as config.yaml into a new folder and reads it as a process started there does. */
export function readText(
  text: string,
  { settings = {}, flags = {} }: TextSources = {},
): ReadConfig & { folder: string } {
  const folder = createTemporaryFolder();
  writeFileSync(join(folder, "config.yaml"), text);
  return { ...readConfig({ environment: createEnvironment(settings), flags, folder }), folder };
}

/** The error that a text is refused with. */
export function refuseText(text: string, sources: TextSources = {}): ConfigError {
  try {
    readText(text, sources);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`This was accepted:\n${text}`);
}

/** The mistakes that a text is refused with. */
export function findProblems(text: string, sources: TextSources = {}): readonly ConfigProblem[] {
  return refuseText(text, sources).problems;
}
