import { runStateSchema, type MessageView } from "@llm-backend/contract";
import { z } from "zod";
import { readPathId } from "./path-id.ts";
import { readBranch } from "./read-branch.ts";
import type { JsonRoute } from "./route.ts";

const id = z.int().meta({ description: "The conversation's id" });
const time = z.int().meta({ description: "Unix seconds" });
const params = { conversation_id: { description: "The conversation's id", schema: z.int() } };
const errors = {
  400: "The id is no integer, or the body is not valid",
  401: "No valid token",
  404: "There is no such conversation of yours, or no such message in it",
};

const toSeconds = (date: Date) => Math.floor(date.getTime() / 1000);

const message = z.object({
  id: z.string(),
  parent_id: z.string().nullable(),
  role: z.enum(["user", "assistant"]),
  content: z.string(),
  model: z.string().nullable(),
  finish_reason: z.string().nullable(),
  state: runStateSchema
    .nullable()
    .meta({ description: "Where an answer stands; null for what was not asked here" }),
  attachments: z
    .array(z.object({ attachment_id: z.string(), name: z.string(), media_type: z.string(), bytes: z.int() }))
    .meta({ description: "The files that belong to it" }),
  version_ids: z.array(z.string()).meta({ description: "All versions of this message, oldest first" }),
  created_time: time,
});

/** The branches of a conversation: the one that is shown, the others, and copies. */
export const branchRoutes: readonly JsonRoute[] = [
  {
    kind: "json",
    method: "GET",
    path: "/api/conversations/branch/:conversation_id",
    access: "user",
    group: "Branches",
    summary: "The branch that a conversation shows, with the ids of its messages and of their versions",
    params,
    status: 200,
    answer: z.object({ conversation_id: id, messages: z.array(message) }),
    errors,
    async call(caller, request) {
      const conversationId = readPathId(request.params.conversation_id);
      const messages = await readBranch(caller, conversationId);
      return { conversation_id: conversationId, messages: messages.map(toMessage) };
    },
  },
  {
    kind: "json",
    method: "POST",
    path: "/api/conversations/select/:conversation_id",
    access: "user",
    group: "Branches",
    summary: "Shows another version of a message, with the branch that was last shown below it",
    params,
    body: z.object({ message_id: z.string() }),
    status: 200,
    answer: z.object({ conversation_id: id, last_message_id: z.string().nullable() }),
    errors,
    async call(caller, request) {
      const conversation = await caller.conversation.selectVersion({
        conversationId: readPathId(request.params.conversation_id),
        messageId: request.body.message_id as string,
      });
      const { conversationId, headMessageId } = conversation;
      return { conversation_id: conversationId, last_message_id: headMessageId };
    },
  },
  {
    kind: "json",
    method: "POST",
    path: "/api/conversations/fork/:conversation_id",
    access: "user",
    group: "Branches",
    summary: "Makes a new conversation with a copy of a branch, up to a message and with it",
    params,
    headers: {
      "Idempotency-Key":
        "Made by you, once for each fork: the same key again answers with the fork that it made",
    },
    body: z.object({ message_id: z.string(), title: z.string().optional() }),
    status: 200,
    answer: z.object({ conversation_id: id, title: z.string(), model: z.string(), created_time: time }),
    errors: {
      ...errors,
      409: "An answer of the branch is still being written, or the Idempotency-Key belongs to another fork",
    },
    async call(caller, request) {
      const { message_id: messageId, title } = request.body;
      const requestId = request.header("idempotency-key");
      const fork = await caller.conversation.fork({
        conversationId: readPathId(request.params.conversation_id),
        messageId: messageId as string,
        ...(title === undefined ? {} : { title: title as string }),
        ...(requestId === undefined ? {} : { requestId }),
      });
      return {
        conversation_id: fork.conversationId,
        title: fork.title,
        model: fork.model,
        created_time: toSeconds(fork.createdAt),
      };
    },
  },
];

function toMessage(view: MessageView): z.infer<typeof message> {
  return {
    id: view.messageId,
    parent_id: view.parentId,
    role: view.role,
    content: view.content,
    model: view.model,
    finish_reason: view.finishReason,
    state: view.run?.state ?? null,
    attachments: view.attachments.map((file) => ({
      attachment_id: file.attachmentId,
      name: file.name,
      media_type: file.mediaType,
      bytes: file.bytes,
    })),
    version_ids: view.siblingIds,
    created_time: toSeconds(view.createdAt),
  };
}
