import type { Usage } from "@llm-backend/contract";
import { isFields } from "../failure/provider-error.ts";

const readCount = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

const readDetail = (details: unknown, name: string): number | undefined =>
  isFields(details) ? readCount(details[name]) : undefined;

/** Reads a provider's usage. A count that is no non-negative integer is absent; without any there is no usage. */
export function readUsage(value: unknown): Usage | undefined {
  if (!isFields(value)) return undefined;
  const promptTokens = readCount(value["prompt_tokens"]);
  const completionTokens = readCount(value["completion_tokens"]);
  const reasoningTokens = readDetail(value["completion_tokens_details"], "reasoning_tokens");
  const prompt = value["prompt_tokens_details"];
  const cachedTokens = readDetail(prompt, "cached_tokens");
  // OpenAI's format has no word for what was written into a cache; these are the ones that resellers use.
  const cacheWriteTokens =
    readDetail(prompt, "cache_write_tokens") ??
    readDetail(prompt, "cache_creation_tokens") ??
    readCount(value["cache_creation_input_tokens"]);
  const audioInputTokens = readDetail(prompt, "audio_tokens");
  const audioOutputTokens = readDetail(value["completion_tokens_details"], "audio_tokens");
  const usage = {
    ...(promptTokens !== undefined && { promptTokens }),
    ...(completionTokens !== undefined && { completionTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(cacheWriteTokens !== undefined && { cacheWriteTokens }),
    ...(audioInputTokens !== undefined && { audioInputTokens }),
    ...(audioOutputTokens !== undefined && { audioOutputTokens }),
  };
  return Object.keys(usage).length === 0 ? undefined : usage;
}
