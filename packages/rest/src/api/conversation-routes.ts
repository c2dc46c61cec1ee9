import { z } from "zod";
import { readPathId } from "./path-id.ts";
import { readBranch } from "./read-branch.ts";
import { readPages } from "./read-pages.ts";
import type { JsonRoute } from "./route.ts";

const id = z.int().meta({ description: "The conversation's id" });
const createdTime = z.int().meta({ description: "Unix seconds" });
const idParam = { conversation_id: { description: "The conversation's id", schema: z.int() } };
const noToken = "No valid token";
const absent = "There is no such conversation of yours";

const toSeconds = (date: Date) => Math.floor(date.getTime() / 1000);

/** The conversations of the caller. */
export const conversationRoutes: readonly JsonRoute[] = [
  {
    kind: "json",
    method: "POST",
    path: "/api/conversations/create",
    access: "user",
    group: "Conversations",
    summary: "Creates a conversation",
    body: z.object({
      title: z.string(),
      model: z.string(),
      api_key: z.string().optional().meta({
        description: "Your own key for the model's provider; without it the server's upstreams answer",
      }),
    }),
    status: 200,
    answer: z.object({
      conversation_id: id,
      title: z.string(),
      model: z.string(),
      api_key: z.string().meta({ description: "What was sent; it is told here only" }),
      created_time: createdTime,
    }),
    errors: { 400: "The input is not valid", 401: noToken },
    async call(caller, { body }) {
      const apiKey =
        typeof body.api_key === "string" && body.api_key.trim() === "" ? undefined : body.api_key;
      const conversation = await caller.conversation.create({
        // Here a title is no choice: the procedure would make one.
        title: (body.title ?? null) as string,
        model: body.model as string,
        ...(apiKey === undefined || apiKey === null ? {} : { apiKey: apiKey as string }),
      });
      return {
        conversation_id: conversation.conversationId,
        title: conversation.title,
        model: conversation.model,
        api_key: apiKey ?? "",
        created_time: toSeconds(conversation.createdAt),
      };
    },
  },
  {
    kind: "json",
    method: "GET",
    path: "/api/conversations/history/:conversation_id",
    access: "user",
    group: "Conversations",
    summary: "All messages of a conversation",
    params: idParam,
    status: 200,
    answer: z.object({
      conversation_id: id,
      title: z.string(),
      model: z.string(),
      messages: z.array(
        z.object({
          role: z.enum(["user", "assistant"]),
          content: z.string(),
          message_id: z.int().meta({ description: "Counts from 1" }),
        }),
      ),
      created_time: createdTime,
    }),
    errors: { 400: "The id is no integer", 401: noToken, 404: absent },
    async call(caller, { params }) {
      const conversationId = readPathId(params.conversation_id);
      const conversation = await caller.conversation.get({ conversationId });
      // An answer that never said a word is no message here.
      const messages = (await readBranch(caller, conversationId)).filter(
        (message) => message.role === "user" || message.content !== "",
      );
      return {
        conversation_id: conversation.conversationId,
        title: conversation.title,
        model: conversation.model,
        messages: messages.map(({ role, content }, index) => ({ role, content, message_id: index + 1 })),
        created_time: toSeconds(conversation.createdAt),
      };
    },
  },
  {
    kind: "json",
    method: "GET",
    path: "/api/conversations/list",
    access: "user",
    group: "Conversations",
    summary: "All conversations, newest first",
    status: 200,
    answer: z.array(z.object({ conversation_id: id, title: z.string(), created_time: createdTime })),
    errors: { 401: noToken },
    async call(caller) {
      const rows = [];
      const newestFirst = { limit: 100, archived: "all", pinnedFirst: false } as const;
      for await (const { conversations } of readPages(caller.conversation.list, newestFirst)) {
        for (const { conversationId, title, createdAt } of conversations) {
          rows.push({ conversation_id: conversationId, title, created_time: toSeconds(createdAt) });
        }
      }
      return rows;
    },
  },
  {
    kind: "json",
    method: "POST",
    path: "/api/conversations/del/:conversation_id",
    access: "user",
    group: "Conversations",
    summary: "Deletes a conversation with everything in it",
    params: idParam,
    status: 200,
    answer: z.object({ message: z.string() }),
    errors: { 400: "The id is no integer", 401: noToken, 404: absent },
    async call(caller, { params }) {
      await caller.conversation.remove({ conversationId: readPathId(params.conversation_id) });
      return { message: "Conversation deleted successfully" };
    },
  },
];
