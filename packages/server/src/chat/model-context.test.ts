import { describe, expect, it } from "vitest";
import { getContextTokens } from "./model-context.ts";

const contexts = { models: { "my-model": 1000, "gpt-4o": 5000 }, defaultTokens: 777 };

describe("getContextTokens", () => {
  it.each([
    ["my-model", 1000],
    ["gpt-4o", 5000],
    ["gpt-4o-mini", 128_000],
    ["gpt-4", 8192],
    ["gpt-4-0613", 8192],
    ["gpt-4-turbo-preview", 128_000],
    ["GPT-4-Turbo", 128_000],
    ["gpt-4.1-nano", 1_047_576],
    ["claude-opus", 200_000],
    ["qwen-max", 32_768],
    ["qwen3-coder", 131_072],
    ["nobody-knows", 777],
    ["", 777],
    ["my-model-2", 777],
    ["__proto__", 777],
    ["constructor", 777],
    ["toString", 777],
  ])("knows %s as %i tokens", (model, tokens) => {
    expect(getContextTokens(model, contexts)).toBe(tokens);
  });
});
