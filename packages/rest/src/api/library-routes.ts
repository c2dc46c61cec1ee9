import {
  DomainError,
  exportedConversationSchema,
  searchConversationsInput,
  updateConversationInput,
} from "@llm-backend/contract";
import { isTrackedEnvelope } from "@trpc/server";
import { z } from "zod";
import { readPathId } from "./path-id.ts";
import type { JsonRoute, LinesRoute } from "./route.ts";

type SearchInput = z.input<typeof searchConversationsInput>;
type UpdateInput = z.input<typeof updateConversationInput>;

const idParam = { conversation_id: { description: "The conversation's id", schema: z.int() } };
const noToken = "No valid token";
const absent = "There is no such conversation of yours";
const invalid = "The input is not valid";
const id = z.int().meta({ description: "The conversation's id" });
const nothingButWords = z.object({ message: z.string() });
const group = "Library";

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
  summary: "Renames, pins or archives a conversation, or changes its model or system prompt",
  params: idParam,
  body: z.object({
    title: z.string().optional(),
    model: z.string().optional(),
    system_prompt: z.string().nullable().optional(),
    pinned: z.boolean().optional(),
    archived: z.boolean().optional(),
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
    const { system_prompt: systemPrompt, ...rest } = body;
    const conversation = await caller.conversation.update({
      ...rest,
      ...(systemPrompt === undefined ? {} : { systemPrompt: systemPrompt as string | null }),
      conversationId: readPathId(params.conversation_id),
    } as UpdateInput);
    const { conversationId, title, model, pinned, archived } = conversation;
    return { conversation_id: conversationId, title, model, pinned, archived };
  },
};

const exportRoute: JsonRoute = {
  kind: "json",
  method: "GET",
  path: "/api/conversations/export/:conversation_id",
  access: "user",
  group,
  summary: "A conversation with all of its branches, as a document that can be imported",
  params: idParam,
  status: 200,
  answer: exportedConversationSchema,
  errors: { 400: "The id is no integer", 401: noToken, 404: absent },
  async call(caller, { params }) {
    const result = await caller.conversation.export({
      conversationId: readPathId(params.conversation_id),
      format: "json",
    });
    return result.format === "json" ? result.document : result.text;
  },
};

const exportAllRoute: LinesRoute = {
  kind: "lines",
  method: "GET",
  path: "/api/conversations/export-all",
  access: "user",
  group,
  summary: "All conversations, one document a line, oldest first",
  line: exportedConversationSchema,
  errors: { 401: noToken },
  async *open(caller) {
    for await (const item of await caller.conversation.exportAll({})) {
      // Inside the process a document comes as the envelope that the procedure yielded, whatever its type says.
      if (!isTrackedEnvelope(item)) throw new DomainError("internal", "A document came without its id.");
      yield item[1];
    }
  },
};

const importRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/conversations/import",
  access: "user",
  group,
  summary: "Makes a conversation out of a document; the same document again makes no other",
  body: exportedConversationSchema,
  status: 200,
  answer: z.object({ conversation_id: id, title: z.string(), is_new: z.boolean() }),
  errors: { 400: invalid, 401: noToken },
  async call(caller, { body }) {
    const document = body as z.input<typeof exportedConversationSchema>;
    const { conversation, isNew } = await caller.conversation.import({ document });
    return { conversation_id: conversation.conversationId, title: conversation.title, is_new: isNew };
  },
};

const removeAllRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/conversations/del-all",
  access: "user",
  group,
  summary: "Deletes all conversations with everything in them",
  status: 200,
  answer: nothingButWords.extend({ removed: z.int() }),
  errors: { 401: noToken },
  async call(caller) {
    const { removed } = await caller.conversation.removeAll();
    return { message: "Conversations deleted successfully", removed };
  },
};

const deleteAccountRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/users/delete",
  access: "user",
  group,
  summary: "Deletes the account with everything that is yours",
  body: z.object({ password: z.string() }),
  status: 200,
  answer: nothingButWords,
  errors: {
    400: invalid,
    401: noToken,
    403: "The password is wrong",
    409: "You are the last administrator",
    429: "Too many wrong passwords",
  },
  async call(caller, { body }) {
    await caller.auth.deleteAccount({ ...body, password: body.password as string });
    return { message: "Account deleted successfully" };
  },
};

/** Finding what was said, taking it along, removing it. */
export const libraryRoutes: readonly (JsonRoute | LinesRoute)[] = [
  searchRoute,
  updateRoute,
  exportRoute,
  exportAllRoute,
  importRoute,
  removeAllRoute,
  deleteAccountRoute,
];
