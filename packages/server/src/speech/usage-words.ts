import type { Usage } from "@llm-backend/contract";

/** Usage in OpenAI's words. */
export function toUsageWords(usage: Usage): Record<string, unknown> {
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = usage;
  const { audioInputTokens, audioOutputTokens } = usage;
  const prompt = withoutUndefined({ cached_tokens: cachedTokens, audio_tokens: audioInputTokens });
  const completion = withoutUndefined({ reasoning_tokens: reasoningTokens, audio_tokens: audioOutputTokens });
  return {
    prompt_tokens: promptTokens ?? 0,
    completion_tokens: completionTokens ?? 0,
    total_tokens: (promptTokens ?? 0) + (completionTokens ?? 0),
    ...(prompt !== undefined && { prompt_tokens_details: prompt }),
    ...(completion !== undefined && { completion_tokens_details: completion }),
  };
}

function withoutUndefined(fields: Readonly<Record<string, number | undefined>>) {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : Object.fromEntries(known);
}
