/** The variables that say something about the configuration. An empty one counts as not set. */
export const settingVariables = [
  "LLM_BACKEND_CONFIG",
  "LLM_BACKEND_ADDR",
  "LLM_BACKEND_DATA",
  "LLM_BACKEND_DATABASE",
  "LLM_BACKEND_REDIS_URL",
  "LLM_BACKEND_JWT_SECRET",
  "LLM_BACKEND_MASTER_KEY",
  "LLM_BACKEND_MASTER_KEY_FILE",
  "LLM_BACKEND_REGISTRATION",
  "LLM_BACKEND_TRUSTED_PROXIES",
  "LLM_BACKEND_CORS_ORIGINS",
  "LLM_BACKEND_WORKERS",
  "LLM_BACKEND_DRAIN_SECONDS",
  "LLM_BACKEND_LOG_LEVEL",
  "LLM_BACKEND_LOG_FORMAT",
  "LLM_BACKEND_AUTHORIZATION",
  "LLM_BACKEND_METRICS_TOKEN",
  // As the earlier gateway called them.
  "FEISHU_WEBHOOK",
  "MATRIX_API",
] as const;

/** The name of one of them. */
export type SettingVariable = (typeof settingVariables)[number];

/** What the process was started with. Everything but this file takes it as an argument. */
export type Environment = {
  readonly settings: Readonly<Partial<Record<SettingVariable, string>>>;
  /** Variables that begin like ours and mean nothing: most likely mistyped. */
  readonly unknownSettings: readonly string[];
  /** The variables of providers that are set: their keys, and the base URLs that go with them. */
  readonly providerVariables: Readonly<Record<string, string>>;
};

/** The variables that name another base URL for the key in `keyVariable`, as the providers' own clients know them. */
export function toBaseUrlVariables(keyVariable: string): readonly string[] {
  const stem = keyVariable.replace(/_(API_)?(KEY|TOKEN)$/, "");
  return [`${stem}_BASE_URL`, `${stem}_API_BASE`];
}

/**
 * Takes a snapshot of the environment.
 *
 * @param keyVariables - The variables in which providers' keys are looked for.
 */
export function readEnvironment(keyVariables: readonly string[] = []): Environment {
  const known = new Set<string>(settingVariables);
  const providerNames = keyVariables.flatMap((name) => [name, ...toBaseUrlVariables(name)]);
  return {
    settings: pick(settingVariables),
    unknownSettings: Object.keys(process.env).filter(
      (name) => name.startsWith("LLM_BACKEND_") && !known.has(name),
    ),
    providerVariables: pick(providerNames),
  };
}

function pick(names: readonly string[]): Record<string, string> {
  const set = names.map((name) => [name, process.env[name]?.trim() ?? ""] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ""));
}
