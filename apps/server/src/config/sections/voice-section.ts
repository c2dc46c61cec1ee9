import { defaultVoiceSettings } from "@llm-backend/server";
import { z } from "zod";
import { amount, flag, line, list, section, text, whole } from "../scalar-schemas.ts";

const metadataSchema = z
  .record(z.string(), z.unknown(), { error: "expected names with values" })
  .optional()
  .meta({
    description:
      "Sent in front of every streamed answer, as a chunk of the kind chat.completion.custom_metadata: what an engine wants to know of the answer, such as whether it may be interrupted. Without this key no such chunk is sent.",
    example: { interruptable: true },
  });

const memorySchema = section({
  enabled: flag().default(true).meta({
    description:
      "Whether what an engine has dropped from the history that it sends is put back in front of it, for calls whose context names a user or a channel.",
  }),
  turns_max: whole(1, 500).default(defaultVoiceSettings.memory.turnsMax).meta({
    description: "How many turns of a conversation are remembered.",
  }),
  hours: amount(0.01, 8_760, "hours").default(24).meta({
    description: "What was said longer ago is forgotten.",
  }),
})
  .prefault({})
  .meta({ description: "What is remembered of a conversation beyond what its engine sends again." });

/** `voice`: calls of voice engines. */
export const voiceSchema = section({
  model: line(256).optional().meta({
    description: "The model that is asked where a call names none.",
    example: "gpt-4o-mini",
  }),
  waiting_sentences: list(text(500))
    .default([...defaultVoiceSettings.waitingSentences])
    .meta({
      description:
        "What /rag/chat/completions says at once, before it looks anything up: one of these, by chance. An empty list says nothing.",
    }),
  knowledge_base: line(256).optional().meta({
    description:
      "The knowledge base of calls of /rag/chat/completions that name none, by its id. Whoever may call may ask this one.",
    example: "kb_01jd2x3v4w5y6z7a8b9c0d1e2f",
  }),
  top_k: whole(1, 50).default(defaultVoiceSettings.passagesMax).meta({
    description: "How many passages are put in front of a question.",
  }),
  metadata: metadataSchema,
  tools: list(line(128))
    .optional()
    .meta({
      description:
        "The tools of MCP servers (tools.servers) that models may call while they speak, by their names; * stands for any run of characters. While somebody speaks nobody can be asked: without this key they are those that nobody is asked for in conversations either.",
      example: ["weather__*", "orders__find_order"],
    }),
  tool_rounds_max: whole(1, 20).default(defaultVoiceSettings.tools.roundsMax).meta({
    description: "So often a model may be given the results of tools within one answer.",
  }),
  memory: memorySchema,
})
  .prefault({})
  .meta({
    description:
      "Calls of voice engines: /chat/completions, /rag/chat/completions and /audio/chat/completions, with and without /v1.",
  });
