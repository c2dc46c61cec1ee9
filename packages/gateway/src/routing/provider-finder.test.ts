import { expect, test } from "vitest";
import { providers } from "../providers.ts";
import { createProviderFinder } from "./provider-finder.ts";

const nameOf = (model: string) => createProviderFinder(providers).find(model)?.name;

const known: Readonly<Record<string, string>> = {
  "gpt-4o": "openai",
  "o1-mini": "openai",
  o3: "openai",
  "text-embedding-3-small": "openai",
  "text-embedding-v3": "dashscope",
  "claude-sonnet-4": "anthropic",
  "gemini-2.5-pro": "gemini",
  "glm-4": "zhipu",
  "GLM-4-Flash": "zhipu",
  "deepseek-chat": "deepseek",
  "qwen-plus": "dashscope",
  "qwq-32b": "dashscope",
  "codestral-latest": "mistral",
  "magistral-medium": "mistral",
  "grok-4": "xai",
  "kimi-k2": "moonshot",
  "moonshot-v1-8k": "moonshot",
  "doubao-pro-32k": "volcengine",
  "yi-large": "yi",
  "command-a-03-2025": "cohere",
  "sonar-pro": "perplexity",
  "MiniMax-M2": "minimax",
  "hunyuan-turbos": "hunyuan",
  Baichuan4: "baichuan",
  "step-2-16k": "stepfun",
  "ernie-4.0-8k": "qianfan",
};

for (const [model, provider] of Object.entries(known)) {
  test(`${model} belongs to ${provider}`, () => expect(nameOf(model)).toBe(provider));
}

test("a model of nobody belongs to nobody", () => {
  expect(nameOf("llama3.2")).toBeUndefined();
  expect(nameOf("")).toBeUndefined();
});

test("the longest prefix wins, then the later entry, and an entry replaces one of its name", () => {
  const finder = createProviderFinder([
    { name: "a", prefixes: ["m", "mine-x"], endpoint: "https://a.test" },
    { name: "b", prefixes: ["mine-"], endpoint: "https://b.test" },
    { name: "c", prefixes: ["mine-"], endpoint: "https://c.test" },
    { name: "a", prefixes: ["m"], endpoint: "https://a2.test" },
  ]);
  expect(finder.find("mine-1")?.name).toBe("c");
  expect(finder.find("mine-x")?.name).toBe("c");
  expect(finder.find("m1")?.endpoint).toBe("https://a2.test");
});
