import { z } from "zod";
import { attachmentSchema } from "./attachment-schema.ts";
import { citationSchema, knowledgeBaseIdsSchema, topKSchema } from "./citation-schema.ts";
import { integerIdSchema, messageIdSchema, requestIdSchema, runIdSchema } from "./ids.ts";
import { runStateSchema, usageSchema } from "./run-events.ts";
import { storableLine, storableText, titleCharsMax } from "./text.ts";
import { toolCallSchema, toolsSettingSchema } from "./tool-schema.ts";

/** A model's name, as upstreams know it. */
export const modelNameSchema = storableLine(256);

/** A provider's key. It goes into an HTTP header, so it can only hold what a header carries. */
export const providerKeySchema = z
  .string()
  .max(4096)
  .regex(/^[\x21-\x7e]+$/, "must be visible ASCII characters");

const title = storableLine(titleCharsMax);
const systemPrompt = storableText(100_000);

export const createConversationInput = z.strictObject({
  /** Without one, the conversation is called by how its first message begins. */
  title: title.optional(),
  model: modelNameSchema,
  /** The caller's own key for the model's provider; without it the server's upstreams answer. */
  apiKey: providerKeySchema.optional(),
  /** Replaces the server's default system prompt; an empty one means none. */
  systemPrompt: systemPrompt.optional(),
  /** The tools that the model may call. @default null: none */
  tools: toolsSettingSchema.optional(),
  /** The knowledge bases that its questions are looked up in. @default none */
  knowledgeBaseIds: knowledgeBaseIdsSchema.optional(),
  /** How many passages an answer is given. @default the configuration's */
  topK: topKSchema.nullable().optional(),
});
export type CreateConversationInput = z.infer<typeof createConversationInput>;

export const updateConversationInput = z.strictObject({
  conversationId: integerIdSchema,
  title: title.optional(),
  model: modelNameSchema.optional(),
  /** `null` removes the stored key. */
  apiKey: providerKeySchema.nullable().optional(),
  systemPrompt: systemPrompt.nullable().optional(),
  /** The tools that the model may call; `null`: none. */
  tools: toolsSettingSchema.optional(),
  /** The knowledge bases that its questions are looked up in from now on. */
  knowledgeBaseIds: knowledgeBaseIdsSchema.optional(),
  /** How many passages an answer is given; `null`: as many as the configuration says. */
  topK: topKSchema.nullable().optional(),
  /** Pinned conversations stand before all others. */
  pinned: z.boolean().optional(),
  /** Archived conversations are put away, and listed only for who asks for them. */
  archived: z.boolean().optional(),
});
export type UpdateConversationInput = z.infer<typeof updateConversationInput>;

export const renameConversationInput = z.strictObject({ conversationId: integerIdSchema, title });
export type RenameConversationInput = z.infer<typeof renameConversationInput>;

export const conversationRefInput = z.strictObject({ conversationId: integerIdSchema });
export type ConversationRefInput = z.infer<typeof conversationRefInput>;

/** Which conversations are wanted: those in use, those that are put away, or both. */
export const archivedFilterSchema = z.union([z.boolean(), z.literal("all")]);

export const listConversationsInput = z.strictObject({
  /** The `nextCursor` of the page before. */
  cursor: z
    .int()
    .min(-Number.MAX_SAFE_INTEGER)
    .max(Number.MAX_SAFE_INTEGER)
    .refine((cursor) => cursor !== 0, "is no cursor")
    .optional(),
  archived: archivedFilterSchema.default(false),
  /** Whether pinned conversations come first; if not, all stand in the order in which they were made. */
  pinnedFirst: z.boolean().default(true),
  limit: z.int().min(1).max(100).default(50),
});
export type ListConversationsInput = z.infer<typeof listConversationsInput>;

export const historyInput = z.strictObject({
  conversationId: integerIdSchema,
  /** The `nextCursor` of the page before: the page then ends with that message. */
  cursor: messageIdSchema.optional(),
  limit: z.int().min(1).max(200).default(100),
});
export type HistoryInput = z.infer<typeof historyInput>;

export const conversationSchema = z.object({
  conversationId: z.number(),
  /** Empty where nobody has given one, and nothing was said yet. */
  title: z.string(),
  /** Who made the title; `words`: it is how the first message begins. */
  titleSource: z.enum(["user", "model", "words"]),
  model: z.string(),
  /** `null`: the server's default. */
  systemPrompt: z.string().nullable(),
  hasApiKey: z.boolean(),
  headMessageId: z.string().nullable(),
  pinned: z.boolean(),
  archived: z.boolean(),
  /** The tools that the model may call; `null`: none. */
  tools: toolsSettingSchema,
  /** The knowledge bases that its questions are looked up in. */
  knowledgeBaseIds: z.array(z.string()),
  /** How many passages an answer is given; `null`: as many as the configuration says. */
  topK: z.int().nullable(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type ConversationView = z.infer<typeof conversationSchema>;

export const conversationPageSchema = z.object({
  conversations: z.array(conversationSchema),
  /** Means nothing but where the next page begins. */
  nextCursor: z.number().nullable(),
});
export type ConversationPage = z.infer<typeof conversationPageSchema>;

/** Where the run of an answer stands. */
export const runRefSchema = z.object({
  runId: runIdSchema,
  requestId: requestIdSchema,
  state: runStateSchema,
  /** Where to follow on behind what the message already shows; `null` once the run has ended. */
  lastEventId: z.string().nullable(),
});
export type RunRef = z.infer<typeof runRefSchema>;

export const messageSchema = z.object({
  messageId: z.string(),
  parentId: z.string().nullable(),
  role: z.enum(["user", "assistant"]),
  content: z.string(),
  /** What the model thought before it answered; kept apart from the answer. */
  reasoning: z.string().nullable(),
  model: z.string().nullable(),
  finishReason: z.string().nullable(),
  usage: usageSchema.nullable(),
  createdAt: z.date(),
  /** Only answers have a run. */
  run: runRefSchema.nullable(),
  /** The tools that were called for this answer, in order. */
  toolCalls: z.array(toolCallSchema),
  /** The passages that the answer was given to read. */
  citations: z.array(citationSchema),
  /** The files that belong to it, in their order. */
  attachments: z.array(attachmentSchema),
  /** All versions of this message, itself among them, oldest first. */
  siblingIds: z.array(z.string()),
});
export type MessageView = z.infer<typeof messageSchema>;

export const removedConversationsSchema = z.object({ removed: z.int() });
export type RemovedConversations = z.infer<typeof removedConversationsSchema>;

export const historyPageSchema = z.object({
  /** One branch, oldest first. */
  messages: z.array(messageSchema),
  /** The cursor of the page that comes before this one; `null` at the beginning of the conversation. */
  nextCursor: z.string().nullable(),
});
export type HistoryPage = z.infer<typeof historyPageSchema>;
