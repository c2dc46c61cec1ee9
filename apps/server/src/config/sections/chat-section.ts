import { amount, flag, line, named, section, text, whole } from "../scalar-schemas.ts";

const contextTokens = () => whole(256, 100_000_000);

/** `chat`: how answers are made. */
export const chatSchema = section({
  system_prompt: text(100_000)
    .default("You are a helpful assistant. Answer in the language of the user's message.")
    .meta({ description: "The system prompt of conversations that have none of their own; empty for none." }),
  context_tokens: contextTokens().default(32_768).meta({
    description:
      "The context of models that are not named below. Older messages are left out of a prompt that exceeds it.",
  }),
  models: named(
    section({
      context_tokens: contextTokens().optional().meta({ description: "The model's context in tokens." }),
      images: flag().optional().meta({
        description:
          "Whether the model takes images. Without it they are sent, and left out from then on where the model refuses them.",
      }),
    }),
  )
    .default({})
    .meta({
      description: "What is known of single models.",
      example: { "gpt-4o": { context_tokens: 128_000 } },
    }),
  title_model: line(256).optional().meta({
    description:
      "A cheap model that names conversations after their first answer. Without it they are called by their first words.",
    example: "gpt-4o-mini",
  }),
  answer_bytes_max: whole(1_024, 67_108_864).default(4_194_304).meta({
    description: "The longest answer in bytes; one that goes on is ended there, with finish reason length.",
  }),
  run_minutes_max: amount(0.01, 1_440, "minutes").default(30).meta({
    description: "The longest time that one answer may take, in minutes.",
  }),
})
  .prefault({})
  .meta({ description: "How answers are made." });
