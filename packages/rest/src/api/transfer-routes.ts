import { DomainError, exportedConversationSchema } from "@llm-backend/contract";
import { isTrackedEnvelope } from "@trpc/server";
import { z } from "zod";
import { readPathId } from "./path-id.ts";
import type { JsonRoute, LinesRoute } from "./route.ts";

const idParam = { conversation_id: { description: "The conversation's id", schema: z.int() } };
const noToken = "No valid token";
const absent = "There is no such conversation of yours";
const invalid = "The input is not valid";
const id = z.int().meta({ description: "The conversation's id" });
const nothingButWords = z.object({ message: z.string() });
const group = "Conversations";

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
  group: "Users",
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

/** Taking everything along, and removing it. */
export const transferRoutes: readonly (JsonRoute | LinesRoute)[] = [
  exportRoute,
  exportAllRoute,
  importRoute,
  removeAllRoute,
  deleteAccountRoute,
];
