import { amount, flag, named, oneOf, section, whole } from "../scalar-schemas.ts";

/** `records`: what is kept of every call under /v1. */
export const recordsSchema = section({
  enabled: flag().optional().meta({
    description: "Whether calls under /v1 are recorded. Without this key: yes, unless dbtype is none.",
    example: true,
  }),
  bodies: oneOf(["off", "truncated", "whole"]).default("truncated").meta({
    description:
      "Whether requests and answers are kept too. off: no. truncated: their first body_chars_max characters. whole: all of them.",
  }),
  body_chars_max: whole(0, 10_000_000).default(16_384).meta({
    description:
      "How many characters are kept of a request's body and of an answer's text when they are truncated.",
  }),
  days: amount(0.01, 36_500, "days").default(30).meta({ description: "How long records are kept." }),
  megabytes_max: whole(1, 10_000_000).default(1_024).meta({
    description: "How much room they may take; beyond that the oldest go first.",
  }),
})
  .prefault({})
  .meta({ description: "What is kept of every call under /v1." });

const price = (description: string) => amount(0, 1_000_000, "dollars").meta({ description });

const modelPriceSchema = section({
  input: price("Tokens of the prompt."),
  cached_input: price("Those of them that the provider had in its cache.").optional(),
  cache_write: price("Those of them that it put there.").optional(),
  audio_input: price("Those of them that were audio.").optional(),
  output: price("Tokens of the answer."),
  reasoning: price("Those of them that were thought, not said.").optional(),
  audio_output: price("Those of them that were audio.").optional(),
  request: price("Each request, whatever its tokens.").optional(),
});

/** `prices`: what models cost. */
export const pricesSchema = named(modelPriceSchema)
  .default({})
  .meta({
    description:
      "What models cost, in dollars per million tokens: input and output, and where they cost something else cached_input, cache_write, audio_input, reasoning, audio_output; request is for one request. * stands for any run of characters; the longest pattern that fits counts.",
    example: { "gpt-4o": { input: 2.5, cached_input: 1.25, output: 10 } },
  });
