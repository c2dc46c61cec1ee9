import { z } from "zod";
import { modelNameSchema } from "./conversation-schema.ts";
import { requestIdSchema } from "./ids.ts";
import { messageCharsMax, storableText } from "./text.ts";

const messagesMax = 2000;

const message = z.strictObject({
  role: z.enum(["user", "assistant"]),
  content: storableText(messageCharsMax, 1),
});

/** One question of a chat that is stored nowhere: whoever asks keeps its history, and sends it along. */
export const temporaryInput = z.strictObject({
  /** Made by the client, once for each question: the same key again joins the answer that it started. */
  requestId: requestIdSchema,
  model: modelNameSchema,
  /** Replaces the server's default system prompt; an empty one means none. */
  systemPrompt: storableText(100_000).optional(),
  /** The chat so far, oldest first; the last message is the one to answer. */
  messages: z
    .array(message)
    .min(1)
    .max(messagesMax)
    .refine((messages) => messages.at(-1)?.role === "user", "must end with a message of the user"),
  /** The id of the last event that a follower saw; it continues right behind it. */
  lastEventId: z.string().max(64).nullish(),
});
export type TemporaryInput = z.infer<typeof temporaryInput>;
