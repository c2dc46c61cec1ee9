import type { Environment, SettingVariable } from "../env.ts";
import { isRawDocument, type RawDocument } from "./raw-document.ts";

/** What the command line may say about the configuration. */
export type ConfigFlags = {
  /** The configuration file. */
  readonly config?: string | undefined;
  readonly addr?: string | undefined;
  readonly data?: string | undefined;
  readonly database?: string | undefined;
  readonly logLevel?: string | undefined;
  /** How many processes serve. */
  readonly workers?: string | undefined;
  /** Lets everyone in under `/v1`. */
  readonly noauth?: boolean | undefined;
};

type Override = {
  /** The key that it sets. */
  readonly path: readonly [string, ...string[]];
  /** Keys of weaker sources that say the same in another way. */
  readonly replaces?: readonly (readonly [string, ...string[]])[];
  readonly read?: (value: string) => unknown;
};

const toList = (value: string) =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
// What is no number is left as it is, for the schema to refuse.
const toNumber = (value: string) => (/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value);

const address: Override = { path: ["address"], replaces: [["server"], ["addresses"]] };
const data: Override = { path: ["data"] };
const database: Override = { path: ["database"] };
const logLevel: Override = { path: ["log", "level"] };
const workers: Override = { path: ["workers"], read: toNumber };

const environmentOverrides: Record<Exclude<SettingVariable, "LLM_BACKEND_CONFIG">, Override> = {
  LLM_BACKEND_ADDR: address,
  LLM_BACKEND_DATA: data,
  LLM_BACKEND_DATABASE: database,
  LLM_BACKEND_REDIS_URL: {
    path: ["redis", "url"],
    replaces: [
      ["redis", "address"],
      ["redis", "host"],
      ["redis", "port"],
    ],
  },
  LLM_BACKEND_JWT_SECRET: { path: ["jwt", "secret"] },
  LLM_BACKEND_MASTER_KEY: { path: ["master_key"], replaces: [["master_key_file"]] },
  LLM_BACKEND_MASTER_KEY_FILE: { path: ["master_key_file"], replaces: [["master_key"]] },
  LLM_BACKEND_REGISTRATION: { path: ["auth", "registration"] },
  LLM_BACKEND_TRUSTED_PROXIES: { path: ["trusted_proxies"], read: toList },
  LLM_BACKEND_CORS_ORIGINS: { path: ["cors", "origins"], read: toList },
  LLM_BACKEND_WORKERS: workers,
  LLM_BACKEND_DRAIN_SECONDS: { path: ["drain_seconds"], read: toNumber },
  LLM_BACKEND_LOG_LEVEL: logLevel,
  LLM_BACKEND_LOG_FORMAT: { path: ["log", "format"] },
  LLM_BACKEND_AUTHORIZATION: { path: ["authorization"] },
  LLM_BACKEND_METRICS_TOKEN: { path: ["metrics", "token"] },
  FEISHU_WEBHOOK: { path: ["alerts", "feishu_webhook"] },
  MATRIX_API: { path: ["alerts", "matrix_api"] },
};

const flagOverrides: Record<Exclude<keyof ConfigFlags, "config">, { name: string; override: Override }> = {
  addr: { name: "--addr", override: address },
  data: { name: "--data", override: data },
  database: { name: "--database", override: database },
  logLevel: { name: "--log-level", override: logLevel },
  workers: { name: "--workers", override: workers },
  noauth: { name: "--noauth", override: { path: ["noauth"] } },
};

/** A document with everything that stronger sources say, and which source said what. */
export type OverriddenDocument = {
  readonly document: RawDocument;
  /** Dotted path of a key → the variable or the flag that set it. */
  readonly origins: ReadonlyMap<string, string>;
};

type Setting = { readonly name: string; readonly override: Override; readonly value: string | boolean };

/** Lays the environment over a file's document, and the flags over both. */
export function withOverrides(
  document: RawDocument,
  environment: Environment,
  flags: ConfigFlags,
): OverriddenDocument {
  const result = structuredClone(document);
  const origins = new Map<string, string>();
  for (const settings of [listEnvironment(environment), listFlags(flags)]) {
    // All of a source first, so that what contradicts inside one source stays to be reported.
    for (const { override } of settings) {
      for (const path of [override.path, ...(override.replaces ?? [])]) remove(result, path);
    }
    for (const { name, override, value } of settings) {
      set(result, override.path, typeof value === "string" ? (override.read?.(value) ?? value) : value);
      origins.set(override.path.join("."), name);
    }
  }
  return { document: result, origins };
}

function listEnvironment({ settings }: Environment): Setting[] {
  return Object.entries(environmentOverrides).flatMap(([name, override]) => {
    const value = settings[name as SettingVariable];
    return value === undefined ? [] : [{ name, override, value }];
  });
}

function listFlags(flags: ConfigFlags): Setting[] {
  return Object.entries(flagOverrides).flatMap(([flag, { name, override }]) => {
    const value = flags[flag as keyof ConfigFlags];
    return value === undefined ? [] : [{ name, override, value }];
  });
}

function remove(document: RawDocument, [first, ...rest]: readonly string[]): void {
  if (first === undefined) return;
  if (rest.length === 0) delete document[first];
  else if (isRawDocument(document[first])) remove(document[first], rest);
}

function set(document: RawDocument, [first, ...rest]: readonly string[], value: unknown): void {
  if (first === undefined) return;
  if (rest.length === 0) {
    document[first] = value;
    return;
  }
  // A scalar in the section's place stays, to be reported.
  document[first] ??= {};
  if (isRawDocument(document[first])) set(document[first], rest, value);
}
