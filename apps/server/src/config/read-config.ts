import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Environment } from "../env.ts";
import { ConfigError, type ConfigNotice, type ConfigProblem } from "./config-error.ts";
import { configSchema } from "./config-schema.ts";
import { withEarlierDefaults } from "./earlier-defaults.ts";
import { findContradictions } from "./find-contradictions.ts";
import { findNotices } from "./find-notices.ts";
import { withOverrides, type ConfigFlags, type OverriddenDocument } from "./overrides.ts";
import { isRawDocument, type RawDocument } from "./raw-document.ts";
import { readYamlFile } from "./read-yaml-file.ts";
import { isPublishedSample } from "./secret-strength.ts";
import { toConfig, type Config } from "./to-config.ts";
import { toProblems } from "./to-problems.ts";

/** What a configuration is read from. */
export type ConfigSources = {
  readonly environment: Environment;
  readonly flags: ConfigFlags;
  /** The folder that relative paths start from. @default the working directory */
  readonly folder?: string;
};

/** Where a configuration came from. */
export type ConfigSource = {
  /** The absolute path of the file; undefined where there was none. */
  readonly file: string | undefined;
  /** The same for the log, with the variables and flags that had a say. */
  readonly sentence: string;
};

/** A configuration, ready to be used. */
export type ReadConfig = {
  readonly config: Config;
  readonly notices: readonly ConfigNotice[];
  readonly source: ConfigSource;
};

/**
 * Reads the configuration: the file, over it the environment, over both the flags.
 * The file is the one that a flag or the environment names, else `config.yaml` in the working directory, if there is one.
 *
 * @throws ConfigError with every mistake at once.
 */
export function readConfig({ environment, flags, folder = process.cwd() }: ConfigSources): ReadConfig {
  const file = findFile(flags.config ?? environment.settings.LLM_BACKEND_CONFIG, folder);
  const { document, notices } = withoutPublishedSecret(file === undefined ? {} : readYamlFile(file));
  const overridden = withOverrides(document, environment, flags);
  const filled = withEarlierDefaults(overridden.document);
  const parsed = configSchema.safeParse(filled.document);
  const problems = [
    ...(parsed.success ? [] : toProblems(parsed.error.issues, overridden)),
    ...findContradictions(filled.document),
  ];
  if (problems.length > 0 || !parsed.success)
    throw new ConfigError(withoutRepetition(problems), file ?? "The configuration");
  const config = toConfig(parsed.data, folder);
  return {
    config,
    notices: [...notices, ...filled.notices, ...findNotices(parsed.data, config, environment)],
    source: { file, sentence: toSentence(file, overridden) },
  };
}

function findFile(named: string | undefined, folder: string): string | undefined {
  if (named !== undefined) return resolve(folder, named);
  const file = resolve(folder, "config.yaml");
  return existsSync(file) ? file : undefined;
}

/** The earlier backend's own file must start as it is; the secret that everyone has read must not sign anything. */
function withoutPublishedSecret(document: RawDocument): {
  document: RawDocument;
  notices: readonly ConfigNotice[];
} {
  const { jwt } = document;
  if (!isRawDocument(jwt) || typeof jwt.secret !== "string" || !isPublishedSample(jwt.secret))
    return { document, notices: [] };
  const { secret: _, ...rest } = jwt;
  const message =
    "is the sample that was published with the earlier system: anyone could sign tokens with it, so it is not used, and tokens signed with it are refused. The server takes a secret of its own from its data folder; people log in again";
  return { document: { ...document, jwt: rest }, notices: [{ path: "jwt.secret", message, level: "warn" }] };
}

/** One sentence for each key: what the schema says of it comes first. */
function withoutRepetition(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.filter(({ path }, index) => problems.findIndex((other) => other.path === path) === index);
}

function toSentence(file: string | undefined, { origins }: OverriddenDocument): string {
  const others = [...origins.values()].join(", ");
  const first = file === undefined ? "no file, only defaults" : file;
  return `Configuration: ${first}${others === "" ? "" : `; then ${others}`}`;
}
