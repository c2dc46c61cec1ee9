import { z } from "zod";
import { archivedFilterSchema, modelNameSchema } from "./conversation-schema.ts";
import { integerIdSchema } from "./ids.ts";
import { momentSchema } from "./moment.ts";

/** Words to look for, however they are written: nothing in them is syntax. */
const query = z.string().max(1000);

export const searchConversationsInput = z.strictObject({
  query,
  /** Looks in one conversation only. */
  conversationId: integerIdSchema.optional(),
  /** Finds messages of one side only, and no titles. */
  role: z.enum(["user", "assistant"]).optional(),
  /** Finds answers of one model only. */
  model: modelNameSchema.optional(),
  /** Finds what was written at this time or later, and before that one. */
  from: momentSchema.optional(),
  to: momentSchema.optional(),
  archived: archivedFilterSchema.default("all"),
  /** The `nextCursor` of the page before. */
  cursor: z.string().max(100).optional(),
  limit: z.int().min(1).max(50).default(20),
});
export type SearchConversationsInput = z.infer<typeof searchConversationsInput>;

/** A part of a text, with what was looked for in it. */
export const snippetSchema = z.object({
  text: z.string(),
  /** Where the words stand in `text`: from `start` up to `end`, counted as JavaScript counts. */
  marks: z.array(z.object({ start: z.int(), end: z.int() })),
  /** Whether the whole text has more before this part, and behind it. */
  isCutBefore: z.boolean(),
  isCutBehind: z.boolean(),
});
export type Snippet = z.infer<typeof snippetSchema>;

export const searchHitSchema = z.object({
  conversationId: z.number(),
  title: z.string(),
  /** The message that was found; `null`: the title was. */
  messageId: z.string().nullable(),
  role: z.enum(["user", "assistant"]).nullable(),
  /** The model of an answer. */
  model: z.string().nullable(),
  createdAt: z.date(),
  snippet: snippetSchema,
});
export type SearchHitView = z.infer<typeof searchHitSchema>;

export const searchPageSchema = z.object({
  /** The best first. */
  hits: z.array(searchHitSchema),
  nextCursor: z.string().nullable(),
});
export type SearchPage = z.infer<typeof searchPageSchema>;
