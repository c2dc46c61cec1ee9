import { usageSchema } from "@llm-backend/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readUsage } from "./usage.ts";

test("reads what OpenAI reports", () => {
  const usage = {
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 15,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  expect(readUsage(usage)).toEqual({
    promptTokens: 10,
    completionTokens: 5,
    cachedTokens: 4,
    reasoningTokens: 0,
  });
});

test("reads audio, and what was written into a cache, in every spelling of it", () => {
  const spoken = {
    prompt_tokens_details: { audio_tokens: 7 },
    completion_tokens_details: { audio_tokens: 9 },
  };
  expect(readUsage(spoken)).toEqual({ audioInputTokens: 7, audioOutputTokens: 9 });
  for (const usage of [
    { prompt_tokens_details: { cache_write_tokens: 3 } },
    { prompt_tokens_details: { cache_creation_tokens: 3 } },
    { cache_creation_input_tokens: 3 },
  ])
    expect(readUsage(usage)).toEqual({ cacheWriteTokens: 3 });
});

test("U38: takes a count that is none for absent, and keeps the others", () => {
  for (const bad of [-1, 1e308, "12", 1.5, Number.NaN, null, true, {}, 2 ** 53])
    expect(readUsage({ prompt_tokens: bad, completion_tokens: 3 })).toEqual({ completionTokens: 3 });
});

test("U38: nothing usable is no usage", () => {
  for (const bad of [null, undefined, 5, "x", [], {}, { prompt_tokens: -1 }, { prompt_tokens_details: 5 }])
    expect(readUsage(bad)).toBeUndefined();
});

test("U38: whatever comes, usage is valid or absent", () => {
  const count = fc.oneof(fc.anything(), fc.double(), fc.integer());
  const details = fc.oneof(fc.anything(), fc.record({ cached_tokens: count, reasoning_tokens: count }));
  const usage = fc.record({
    prompt_tokens: count,
    completion_tokens: count,
    prompt_tokens_details: details,
    completion_tokens_details: details,
  });
  fc.assert(
    fc.property(fc.oneof(fc.anything(), usage), (value) => {
      expect(usageSchema.optional().safeParse(readUsage(value)).success).toBe(true);
    }),
  );
});
