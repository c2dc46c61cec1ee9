import { z } from "zod";
import { findUrlProblem, urlExpectation } from "../base-url.ts";
import { amount, flag, line, list, named, section, whole } from "../scalar-schemas.ts";
import { upstreamClocksSchema } from "./clocks-section.ts";
import { earlierUpstreamKeys } from "./earlier-upstream-keys.ts";
import { midstreamSchema, prefillSchema } from "./midstream.ts";

const endpoint = () =>
  z.string({ error: urlExpectation }).superRefine((value, context) => {
    const problem = findUrlProblem(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

const keyExpectation = "expected a key of visible ASCII characters";
const key = () =>
  z.string({ error: keyExpectation }).regex(/^[\x21-\x7e]{0,4096}$/, { error: keyExpectation });

const models = () => list(line(256));

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
    description: "The key that requests to it carry. asis passes the caller's own Authorization header on.",
    example: "sk-...",
  }),
  keys: list(key())
    .optional()
    .meta({
      description:
        "Several keys, or more of them. They take turns; one that is refused or at its limit rests, the others go on.",
      example: ["sk-...1", "sk-...2"],
    }),
  sk: key().optional().meta({ description: "The same as key, as the earlier gateway called it." }),
  models: models()
    .optional()
    .meta({
      description: "The models it serves; * stands for any run of characters. Without this key: every model.",
      example: ["gpt-*", "o3"],
    }),
  deny: models()
    .optional()
    .meta({
      description: "The models that it does not serve, whatever models says. * as above.",
      example: ["gpt-4"],
    }),
  discover: flag().optional().meta({
    description: "Its own list (/models) says what it serves, beside models.",
    example: true,
  }),
  aliases: named(line(256))
    .optional()
    .meta({
      description: "What callers may call a model, and what this upstream calls it.",
      example: { fast: "gpt-4o-mini" },
    }),
  weight: amount(0.001, 1_000_000, "shares").optional().meta({
    description: "Its share of the requests under lb_policy weighted. Without this key: 1.",
    example: 3,
  }),
  tier: whole(0, 1_000).optional().meta({
    description:
      "Upstreams of a higher tier are asked only when none of a lower one can answer. Without this key: 0.",
    example: 1,
  }),
  concurrency_max: whole(1, 1_000_000).optional().meta({
    description: "The most requests to it at a time. Without this key: any number.",
    example: 100,
  }),
  queue_max: whole(0, 1_000_000).optional().meta({
    description: "The most requests that wait for one of those places. Without this key: none.",
    example: 50,
  }),
  midstream: midstreamSchema().optional().meta({
    description: "What happens when its answer breaks off, where that differs from gateway.midstream.",
    example: "continue",
  }),
  prefill: prefillSchema().optional().meta({
    description:
      "How it is told to go on with an answer under midstream: continue. plain: that answer is the last message. prefix, partial: it carries that flag (DeepSeek and Mistral; Moonshot and Qwen). final_message: flags beside the messages (vLLM, SGLang). Without this key: by its host, else plain.",
    example: "final_message",
  }),
  keep_header: flag().optional().meta({
    description:
      "Passes all headers of the caller on, but for credentials and hop-by-hop ones. Without it only Content-Type and Accept.",
    example: true,
  }),
  authorization: authorizationSchema().meta({
    description:
      "The callers' tokens that open this upstream, separated by commas; nobody else sees it. Without this key: the top-level ones, and the keys that the server issues.",
    example: "<a token>,<another token>",
  }),
  noauth: flag().optional().meta({ description: "Opens it to everyone, without any token.", example: false }),
  clocks: upstreamClocksSchema
    .optional()
    .meta({ description: "Its own clocks, where they differ from the top-level clocks." }),
  model_clocks: named(upstreamClocksSchema)
    .optional()
    .meta({
      description:
        "The clocks of single models, by what this upstream calls them; the first pattern that fits.",
      example: { "o3*": { first_token_seconds: 600 } },
    }),
  ...earlierUpstreamKeys,
});

/** Tokens of callers, separated by commas. */
export function authorizationSchema() {
  const error = "expected tokens of visible ASCII characters, separated by commas";
  return z
    .string({ error })
    .regex(/^[\x20-\x7e]*$/, { error })
    .max(65_536, { error })
    .optional();
}

/** `upstreams`: who answers. */
export const upstreamsSchema = list(upstreamSchema).default([]).meta({
  description:
    "Who answers, in the order in which they are asked unless lb_policy says otherwise. Without any, the server looks for provider keys in the environment (OPENAI_API_KEY and its like) and for model servers on this machine (Ollama, LM Studio, vLLM, llama.cpp); with none of these a built-in demo answers. More are added with: llm-backend upstream add.",
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
