import type { searchConversationsInput, updateConversationInput } from "@llm-backend/contract";
import { z } from "zod";
import { lookUpFields, readLookUp } from "./look-up-fields.ts";
import { readPathId } from "./path-id.ts";
import type { JsonRoute } from "./route.ts";

type SearchInput = z.input<typeof searchConversationsInput>;
type UpdateInput = z.input<typeof updateConversationInput>;

const idParam = { conversation_id: { description: "The conversation's id", schema: z.int() } };
const noToken = "No valid token";
const absent = "There is no such conversation of yours";
const invalid = "The input is not valid";
const id = z.int().meta({ description: "The conversation's id" });
const group = "Conversations";

const toSeconds = (date: Date) => Math.floor(date.getTime() / 1000);

const range = z.object({ start: z.int(), end: z.int() });
const hit = z.object({
  conversation_id: id,
  title: z.string(),
  message_id: z.string().nullable().meta({ description: "The message that was found; null: the title was" }),
  role: z.enum(["user", "assistant"]).nullable(),
  created_time: z.int().meta({ description: "Unix seconds" }),
  snippet: z.object({
    text: z.string(),
    marks: z.array(range).meta({ description: "Where the words stand in the text, in UTF-16 units" }),
  }),
});

const searchBody = z.object({
  query: z.string().meta({ description: "Words, in any order; nothing in them is syntax" }),
  conversation_id: id.optional(),
  role: z.enum(["user", "assistant"]).optional(),
  model: z.string().optional(),
  from: z.string().optional().meta({ description: "ISO 8601, with a time zone" }),
  to: z.string().optional(),
  archived: z.union([z.boolean(), z.literal("all")]).optional(),
  cursor: z.string().optional(),
  limit: z.int().optional(),
});

const searchRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/conversations/search",
  access: "user",
  group,
  summary: "Finds titles and messages by their words, the best first",
  body: searchBody,
  status: 200,
  answer: z.object({ hits: z.array(hit), next_cursor: z.string().nullable() }),
  errors: { 400: invalid, 401: noToken, 404: absent },
  async call(caller, { body }) {
    const { conversation_id: conversationId, ...rest } = body;
    const given = { ...rest, ...(conversationId === undefined ? {} : { conversationId }) };
    const page = await caller.conversation.search(given as SearchInput);
    return {
      hits: page.hits.map(({ snippet, ...found }) => ({
        conversation_id: found.conversationId,
        title: found.title,
        message_id: found.messageId,
        role: found.role,
        created_time: toSeconds(found.createdAt),
        snippet: { text: snippet.text, marks: snippet.marks },
      })),
      next_cursor: page.nextCursor,
    };
  },
};

const updateRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/conversations/update/:conversation_id",
  access: "user",
  group,
  summary:
    "Renames, pins or archives a conversation, or changes its model, system prompt, tools or knowledge bases",
  params: idParam,
  body: z.object({
    title: z.string().optional(),
    model: z.string().optional(),
    system_prompt: z.string().nullable().optional(),
    pinned: z.boolean().optional(),
    archived: z.boolean().optional(),
    tools: z
      .union([z.literal("all"), z.array(z.string())])
      .nullable()
      .optional()
      .meta({ description: "The tools that its model may call, by the names of /api/tools; null: none" }),
    ...lookUpFields,
  }),
  status: 200,
  answer: z.object({
    conversation_id: id,
    title: z.string(),
    model: z.string(),
    pinned: z.boolean(),
    archived: z.boolean(),
  }),
  errors: { 400: invalid, 401: noToken, 404: absent },
  async call(caller, { params, body }) {
    const { system_prompt: systemPrompt, knowledge_base_ids: _ids, top_k: _topK, ...rest } = body;
    const conversation = await caller.conversation.update({
      ...rest,
      ...(systemPrompt === undefined ? {} : { systemPrompt }),
      ...readLookUp(body),
      conversationId: readPathId(params.conversation_id),
    } as UpdateInput);
    const { conversationId, title, model, pinned, archived } = conversation;
    return { conversation_id: conversationId, title, model, pinned, archived };
  },
};

/** Finding conversations, and putting them in order. */
export const shelfRoutes: readonly JsonRoute[] = [searchRoute, updateRoute];
