import { expect, test } from "vitest";
import { providers } from "../providers.ts";
import { readEndpoint, toPath } from "./endpoint.ts";

const urlOf = (text: string) => {
  const endpoint = readEndpoint(text);
  return endpoint.origin + toPath(endpoint, "/chat/completions");
};

const cases: readonly (readonly [string, string])[] = [
  ["https://api.openai.com", "https://api.openai.com/v1/chat/completions"],
  ["https://api.openai.com/", "https://api.openai.com/v1/chat/completions"],
  ["https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"],
  ["https://api.openai.com/v1//", "https://api.openai.com/v1/chat/completions"],
  ["http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/chat/completions"],
  ["https://open.bigmodel.cn/api/paas/v4/", "https://open.bigmodel.cn/api/paas/v4/chat/completions"],
  ["https://host/v1beta/openai", "https://host/v1beta/openai/chat/completions"],
  ["https://host/compatible-mode/v1", "https://host/compatible-mode/v1/chat/completions"],
  ["https://host/openai", "https://host/openai/chat/completions"],
  ["https://host/openai/v1?api-version=2", "https://host/openai/v1/chat/completions?api-version=2"],
  ["https://api.perplexity.ai/chat/completions", "https://api.perplexity.ai/chat/completions"],
  ["https://host/v1/chat/completions/", "https://host/v1/chat/completions"],
  ["http://[::1]:8080", "http://[::1]:8080/v1/chat/completions"],
];

for (const [endpoint, url] of cases) {
  test(`asks ${url} for ${endpoint}`, () => expect(urlOf(endpoint)).toBe(url));
}

test("joins other paths by the same rule", () => {
  expect(toPath(readEndpoint("https://host"), "/embeddings")).toBe("/v1/embeddings");
});

for (const bad of ["", "api.openai.com", "ftp://host", "https://user:pass@host/v1", "file:///etc/passwd"]) {
  test(`refuses “${bad}” as an endpoint, without repeating it`, () => {
    expect(() => readEndpoint(bad)).toThrow(
      expect.objectContaining({ code: "invalid_input", message: expect.not.stringContaining("pass@") }),
    );
  });
}

test("knows a readable https endpoint for every provider, each under a name of its own", () => {
  for (const { endpoint } of providers) expect(readEndpoint(endpoint).origin).toMatch(/^https:/);
  expect(new Set(providers.map(({ name }) => name)).size).toBe(providers.length);
});
