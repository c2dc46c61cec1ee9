/** How many tokens, prompt and answer together, a model reads. */
export type ModelContexts = {
  /** The operator's table: exact model names. */
  readonly models: Readonly<Record<string, number>>;
  /** For models that neither table knows. */
  readonly defaultTokens: number;
};

/**
 * Context windows of well-known models by the beginning of their names; the longest prefix wins.
 *
 * @source the providers' model pages, as of 2026-11
 */
const knownContexts: readonly (readonly [prefix: string, tokens: number])[] = [
  ["gpt-3.5", 16_385],
  ["gpt-4", 8_192],
  ["gpt-4-turbo", 128_000],
  ["gpt-4o", 128_000],
  ["gpt-4.1", 1_047_576],
  ["gpt-5", 400_000],
  ["o1", 200_000],
  ["o3", 200_000],
  ["o4", 200_000],
  ["claude", 200_000],
  ["gemini", 1_048_576],
  ["deepseek", 128_000],
  ["qwen", 32_768],
  ["qwen3", 131_072],
  ["glm-4", 128_000],
  ["mistral", 128_000],
  ["mistral-small", 128_000],
  ["codestral", 256_000],
  ["grok", 131_072],
  ["moonshot", 128_000],
  ["kimi", 256_000],
];

/** The context of a model in tokens: the operator's word, else a known prefix, else the default. */
export function getContextTokens(model: string, contexts: ModelContexts): number {
  const configured = Object.hasOwn(contexts.models, model) ? contexts.models[model] : undefined;
  if (configured !== undefined) return configured;
  const name = model.toLowerCase();
  let best: readonly [string, number] | undefined;
  for (const row of knownContexts) {
    if (name.startsWith(row[0]) && row[0].length > (best?.[0].length ?? 0)) best = row;
  }
  return best?.[1] ?? contexts.defaultTokens;
}
