import { z } from "zod";
import { findUrlProblem, urlExpectation } from "../base-url.ts";
import { flag, line, list, named, oneOf, seconds, section } from "../scalar-schemas.ts";
import { upstreamClocksSchema } from "./clocks-section.ts";

const endpoint = () =>
  z.string({ error: urlExpectation }).superRefine((value, context) => {
    const problem = findUrlProblem(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

const keyExpectation = "expected a key of visible ASCII characters";
const key = () =>
  z.string({ error: keyExpectation }).regex(/^[\x21-\x7e]{0,4096}$/, { error: keyExpectation });

/** The first-byte limits of the earlier gateway; 0 meant its default there. */
export const timeoutSchema = () => seconds(0, 86_400).optional();

/** Tokens of callers, separated by commas. */
export const authorizationSchema = () =>
  z.string({ error: "expected tokens, separated by commas" }).optional();

const upstreamSchema = section({
  name: line(100).optional().meta({
    description: "What logs, records and the model list call it. Without one: the endpoint's host.",
    example: "openai",
  }),
  endpoint: endpoint().optional().meta({
    description: "The base URL of an OpenAI-compatible API, with or without /v1 at its end.",
    example: "https://api.openai.com/v1",
  }),
  key: key().optional().meta({
    description: "The key that requests to it carry.",
    example: "sk-...",
  }),
  sk: key().optional().meta({ description: "The same as key, as the earlier gateway called it." }),
  models: list(line(256))
    .optional()
    .meta({
      description: "The models it serves; * stands for any run of characters. Without this key: every model.",
      example: ["gpt-*", "o3"],
    }),
  aliases: named(line(256))
    .optional()
    .meta({
      description: "What callers may call a model, and what this upstream calls it.",
      example: { fast: "gpt-4o-mini" },
    }),
  clocks: upstreamClocksSchema
    .optional()
    .meta({ description: "Its own clocks, where they differ from the top-level clocks." }),
  timeout: timeoutSchema().meta({
    description:
      "As in the earlier gateway: seconds to the first byte. Applies to chat while there is one upstream only.",
    example: 120,
  }),
  stream_timeout: timeoutSchema().meta({
    description:
      "As in the earlier gateway: seconds to the first byte of a streamed answer, which every chat is.",
    example: 10,
  }),
  allow: list(line(256))
    .optional()
    .meta({
      description: "As in the earlier gateway: the models it serves.",
      example: ["gpt-4o"],
    }),
  deny: list(line(256))
    .optional()
    .meta({
      description:
        "As in the earlier gateway: models taken out of allow. Without allow it has no effect yet.",
      example: ["gpt-4"],
    }),
  type: oneOf(["openai", "replicate"]).optional().meta({
    description:
      "As in the earlier gateway. An upstream of type replicate is left out: it speaks another protocol.",
    example: "openai",
  }),
  keep_header: flag()
    .optional()
    .meta({ description: "As in the earlier gateway; no effect yet.", example: false }),
  authorization: authorizationSchema().meta({
    description:
      "As in the earlier gateway: the callers' tokens that open this upstream. If the top-level authorization has tokens that do not, it is left out, since this version cannot tell its callers apart.",
    example: "<a token>,<another token>",
  }),
  noauth: flag()
    .optional()
    .meta({ description: "As in the earlier gateway; no effect yet.", example: false }),
});

/** `upstreams`: who answers. */
export const upstreamsSchema = list(upstreamSchema).default([]).meta({
  description:
    "Who answers, in the order in which they are asked. Without any, the server looks for provider keys in the environment (OPENAI_API_KEY and its like) and for model servers on this machine (Ollama, LM Studio, vLLM, llama.cpp); with none of these a built-in demo answers.",
});

const providerSchema = section({
  name: line(100).meta({ description: "What logs call it.", example: "my-provider" }),
  prefixes: list(line(256))
    .min(1, { error: "expected at least one prefix" })
    .meta({
      description: "How the names of its models begin; the longest one that fits decides.",
      example: ["my-model-"],
    }),
  endpoint: endpoint().meta({
    description: "The base URL of its OpenAI-compatible API.",
    example: "https://api.example.com/v1",
  }),
});

/** `providers`: where a caller's own key may go. */
export const providersSchema = list(providerSchema).default([]).meta({
  description:
    "Where a conversation's own key (api_key) is sent, by the name of its model; besides the public providers that are built in, and before them.",
});
