import { expect, test } from "vitest";
import { toAnswerFailure } from "./answer-failure.ts";

const judge = (status: number, body: unknown) => {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const { outcome, code, final } = toAnswerFailure({ status, headers: {}, body: text }, {});
  return `${outcome} ${code}${final ? " final" : ""}`;
};

const error = (message: string, rest: object = {}) => ({ error: { message, ...rest } });

// Bodies as providers send them.
const cases: readonly (readonly [string, number, unknown, string])[] = [
  ["OpenAI", 401, error("Incorrect API key provided", { code: "invalid_api_key" }), "auth upstream_auth"],
  [
    "Gemini",
    400,
    [error("API key not valid. Please pass a valid API key.", { status: "INVALID_ARGUMENT" })],
    "auth upstream_auth",
  ],
  [
    "xAI",
    400,
    { code: "Client specified an invalid argument", error: "Incorrect API key provided: xa***" },
    "auth upstream_auth",
  ],
  [
    "OpenAI",
    429,
    error("Rate limit reached", { code: "rate_limit_exceeded" }),
    "rate_limited upstream_rate_limited",
  ],
  [
    "Gemini",
    429,
    [error("You exceeded your current quota", { status: "RESOURCE_EXHAUSTED" })],
    "rate_limited upstream_rate_limited",
  ],
  [
    "Groq, by size",
    413,
    error("Request too large for model on tokens per minute", { code: "rate_limit_exceeded" }),
    "rate_limited upstream_rate_limited",
  ],
  [
    "OpenAI",
    429,
    error("You exceeded your current quota", { type: "insufficient_quota" }),
    "quota upstream_rate_limited",
  ],
  [
    "Moonshot",
    429,
    error("Your account is suspended", { type: "exceeded_current_quota_error" }),
    "quota upstream_rate_limited",
  ],
  ["DeepSeek", 402, error("Insufficient Balance"), "quota upstream_rate_limited"],
  [
    "Anthropic",
    529,
    { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
    "overloaded upstream_overloaded",
  ],
  ["nginx", 502, "<html><h1>502 Bad Gateway</h1></html>", "server_error upstream_unavailable"],
  ["Cloudflare", 524, "error code: 524", "server_error upstream_unavailable"],
  ["a proxy", 408, "", "server_error upstream_unavailable"],
  [
    "OpenAI",
    404,
    error("The model `x` does not exist or you do not have access to it.", { code: "model_not_found" }),
    "rejected model_not_found",
  ],
  ["Ollama", 404, error("model 'x' not found"), "rejected model_not_found"],
  [
    "vLLM",
    404,
    { object: "error", message: "The model `x` does not exist.", type: "NotFoundError", code: 404 },
    "rejected model_not_found",
  ],
  ["DeepSeek", 400, error("Model Not Exist", { type: "invalid_request_error" }), "rejected model_not_found"],
  [
    "Mistral",
    400,
    { object: "error", message: "Invalid model: x", type: "invalid_model", code: "1500" },
    "rejected model_not_found",
  ],
  ["OpenRouter", 400, error("x is not a valid model ID", { code: 400 }), "rejected model_not_found"],
  [
    "Anthropic",
    404,
    { type: "error", error: { type: "not_found_error", message: "model: x not found" } },
    "rejected model_not_found",
  ],
  ["Zhipu", 400, error("模型不存在，请检查模型代码。", { code: "1211" }), "rejected model_not_found"],
  ["Go's mux", 404, "404 page not found", "protocol_error upstream_unavailable"],
  ["OpenAI", 400, error("too long", { code: "context_length_exceeded" }), "rejected context_too_long final"],
  [
    "vLLM",
    400,
    {
      object: "error",
      message: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
    },
    "rejected context_too_long final",
  ],
  [
    "Anthropic",
    400,
    {
      type: "error",
      error: { type: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" },
    },
    "rejected context_too_long final",
  ],
  [
    "llama.cpp",
    400,
    error("the request exceeds the available context size", { type: "exceed_context_size_error" }),
    "rejected context_too_long final",
  ],
  [
    "llama.cpp",
    500,
    error("the request exceeds the available context size. try increasing the context size"),
    "rejected context_too_long final",
  ],
  [
    "Gemini",
    400,
    error("The input token count (2000000) exceeds the maximum number of tokens allowed (1048575)."),
    "rejected context_too_long final",
  ],
  ["DashScope", 400, error("Range of input length should be [1, 30720]"), "rejected context_too_long final"],
  [
    "Moonshot",
    400,
    error("Invalid request: Your request exceeded model token limit: 8192"),
    "rejected context_too_long final",
  ],
  [
    "xAI",
    400,
    { error: "This model's maximum prompt length is 131072 but the request contains 150000 tokens." },
    "rejected context_too_long final",
  ],
  [
    "Mistral",
    400,
    { message: "Prompt contains 40000 tokens, too large for model with 32768 maximum context length" },
    "rejected context_too_long final",
  ],
  [
    "Groq",
    400,
    error("Please reduce the length of the messages or completion."),
    "rejected context_too_long final",
  ],
  [
    "OpenAI",
    400,
    error("Invalid value: 'x'. Supported values are: 'system'", { param: "messages[0].role" }),
    "rejected upstream_rejected final",
  ],
  [
    "FastAPI",
    422,
    { detail: [{ loc: ["body", "messages"], msg: "field required", type: "missing" }] },
    "rejected upstream_rejected final",
  ],
  ["a server of few words", 400, "", "rejected upstream_rejected final"],
  ["a redirect", 302, "", "protocol_error upstream_unavailable"],
];

for (const [provider, status, body, expected] of cases) {
  test(`${provider}, ${status}: ${expected} (${JSON.stringify(body).slice(0, 60)})`, () => {
    expect(judge(status, body)).toBe(expected);
  });
}

test("knows a refusal of stream_options by its name anywhere in the body", () => {
  const refuses = (status: number, body: unknown) =>
    toAnswerFailure({ status, headers: {}, body: JSON.stringify(body) }, {}).refuses === "no_stream_options";
  expect(refuses(400, error("Unrecognized request argument supplied: stream_options"))).toBe(true);
  expect(
    refuses(422, { detail: [{ loc: ["body", "stream_options"], msg: "Extra inputs are not permitted" }] }),
  ).toBe(true);
  expect(refuses(400, error("temperature"))).toBe(false);
  expect(refuses(500, error("stream_options"))).toBe(false);
});

test("no body makes it throw", () => {
  for (const body of [
    "null",
    "[]",
    "[null]",
    '"x"',
    "1",
    '{"error":null}',
    '{"error":[]}',
    '{"error":{"message":5}}',
    "{",
  ])
    expect(judge(400, body)).toBe("rejected upstream_rejected final");
});
