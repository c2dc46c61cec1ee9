import { Readable } from "node:stream";
import { DomainError } from "@llm-backend/contract";
import { expect, test } from "vitest";
import type { ForwardBody, ForwardRequest } from "../forward/forward-ports.ts";
import { readForwardCall } from "./read-call.ts";

const toRequest = (body: ForwardBody | string, more: Partial<ForwardRequest> = {}): ForwardRequest => ({
  id: "r",
  method: "POST",
  path: "/chat/completions",
  headers: { "content-type": "application/json" },
  body: typeof body === "string" ? { kind: "whole", bytes: Buffer.from(body) } : body,
  ...more,
});
const read = (fields: object, more: Partial<ForwardRequest> = {}) =>
  readForwardCall(toRequest(JSON.stringify(fields), more));

test("reads a chat", () => {
  const call = read({
    model: "m",
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 5,
    max_completion_tokens: 7,
    messages: [{ role: "user", content: '"model":"x"' }],
  });
  expect(call).toMatchObject({
    model: "m",
    kind: "chat",
    isStreamed: true,
    wantsUsage: true,
    maxTokens: 7,
    fallbacks: [],
  });
});

test.each([
  ["POST", "/chat/completions", "chat"],
  ["POST", "/chat/completions?x=1", "chat"],
  ["POST", "/chat//completions/", "chat"],
  ["POST", "/ch%61t/completions", "chat"],
  ["POST", "/completions", "completion"],
  ["POST", "/responses", "response"],
  ["GET", "/responses/resp_1", "other"],
  ["GET", "/chat/completions", "other"],
  ["POST", "/embeddings", "other"],
  ["POST", "/%", "other"],
])("%s %s is a %s", (method, path, kind) => {
  expect(read({ model: "m" }, { method, path }).kind).toBe(kind);
});

test("what names no model counts as the model named like its path", () => {
  const path = "/audio/transcriptions?language=de";
  const none: ForwardBody = { kind: "none" };
  const upload: ForwardBody = { kind: "stream", source: Readable.from([]), length: 3 };
  const multipart = { "content-type": "multipart/form-data; boundary=x" };
  for (const body of [none, upload, "--x"])
    expect(readForwardCall(toRequest(body, { path, headers: multipart }))).toMatchObject({
      model: "/v1/audio/transcriptions",
      kind: "other",
      isStreamed: false,
      maxTokens: undefined,
    });
  expect(readForwardCall(toRequest(none, { method: "GET", path: "/models" })).model).toBe("/v1/models");
  expect(read({ model: 5 }).model).toBe("/v1/chat/completions");
  expect(readForwardCall(toRequest("no JSON", { headers: { "content-type": "text/plain" } })).model).toBe(
    "/v1/chat/completions",
  );
});

test("a body counts as JSON by what it is, not by its content type", () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect(read({ model: "m", stream: true }, { headers })).toMatchObject({ model: "m", isStreamed: true });
});

test("reads the models to ask when the first cannot answer", () => {
  expect(read({ models: ["a", "b", "a", "c"] })).toMatchObject({ model: "a", fallbacks: ["b", "c"] });
  expect(read({ model: "m", models: ["m", "b"], fallbacks: ["c", 5, "", "b"] })).toMatchObject({
    model: "m",
    fallbacks: ["b", "c"],
  });
  expect(read({ model: "m", fallbacks: "c" }).fallbacks).toEqual([]);
  expect(read({ model: "m", fallbacks: ["x".repeat(257), "y".repeat(256)] }).fallbacks).toEqual([
    "y".repeat(256),
  ]);
  expect(
    read({ model: "m", fallbacks: Array.from({ length: 99 }, (_, index) => `f${index}`) }).fallbacks,
  ).toHaveLength(16);
  expect(read({ model: "m", models: ["a"] }, { path: "/embeddings" }).fallbacks).toEqual([]);
});

test("reads the most tokens that all choices together may have", () => {
  expect(read({ model: "m", max_output_tokens: 9 }, { path: "/responses" }).maxTokens).toBe(9);
  expect(read({ model: "m", max_tokens: 10, n: 3 }).maxTokens).toBe(30);
  for (const wrong of [-1, 1.5, "7", null, {}])
    expect(read({ model: "m", max_tokens: wrong }).maxTokens).toBeUndefined();
});

test.each([
  ["", "The body is empty; a JSON object is expected."],
  ["[]", "The body is not a JSON object: it goes wrong at byte 0."],
  ['{"model":"m",}', "The body is not a JSON object: it goes wrong at byte 13."],
  [
    `{"model":"m","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    "The body is nested deeper than 64 levels.",
  ],
  [`{"model":"${"x".repeat(257)}"}`, "`model` has more than 256 characters."],
  [`{"model":"${"x".repeat(100_000)}"}`, "`model` has more than 256 characters."],
  [`{"model":"m","models":["${"x".repeat(100_000)}"]}`, "`models` is too long."],
])("C13: refuses a body with a sentence that says what is wrong", (text, message) => {
  for (const path of ["/chat/completions", "/completions", "/responses"])
    expect(refusalOf(toRequest(text, { path }))).toEqual({ code: "invalid_input", message });
});

test("passes on a body of another path, whatever it is", () => {
  expect(readForwardCall(toRequest("{", { path: "/embeddings" })).model).toBe("/v1/embeddings");
});

function refusalOf(request: ForwardRequest): unknown {
  try {
    return readForwardCall(request);
  } catch (error) {
    return DomainError.is(error) && { code: error.code, message: error.message };
  }
}
