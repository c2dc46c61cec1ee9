import type { StartedRun } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { z } from "zod";
import { attachmentIdsField, readAttachmentIds } from "./attachment-ids.ts";
import { chatErrors, chatParams, chatStatuses, readRequestId, requestHeaders } from "./chat-route-parts.ts";
import { lookUpFields, readLookUp } from "./look-up-fields.ts";
import { onDisconnectField, readOnDisconnect } from "./on-disconnect.ts";
import { openStarted } from "./open-started.ts";
import { readPathId } from "./path-id.ts";
import { resumeRun } from "./resume-run.ts";
import type { OpenedRun, RouteRequest, StreamRoute } from "./route.ts";

const model = z
  .string()
  .optional()
  .meta({ description: "Answers with another model than the conversation's" });
const base = {
  kind: "stream",
  method: "POST",
  access: "user",
  group: "Branches",
  params: chatParams,
  headers: requestHeaders,
  statuses: chatStatuses,
  errors: chatErrors,
} as const;

/** Answers beside those that are there. The message ids are those of the row that reads a branch. */
export const branchStreamRoutes: readonly StreamRoute[] = [
  {
    ...base,
    path: "/api/chat/regenerate/:conversation_id",
    summary: "Makes another answer beside one that is there, and streams it",
    body: z.object({ message_id: z.string(), model, ...lookUpFields, on_disconnect: onDisconnectField }),
    open: (caller, request) =>
      open(caller, request, (start) => caller.chat.regenerate({ ...start, ...readModel(request) })),
  },
  {
    ...base,
    path: "/api/chat/edit/:conversation_id",
    summary: "Puts another version beside a message of yours, and streams the answer to it",
    body: z.object({
      message_id: z.string(),
      message: z.string(),
      attachment_ids: attachmentIdsField,
      ...lookUpFields,
      on_disconnect: onDisconnectField,
    }),
    open: (caller, request) =>
      open(caller, request, (start) =>
        caller.chat.edit({
          ...start,
          message: request.body.message as string,
          ...readAttachmentIds(request.body),
        }),
      ),
  },
  {
    ...base,
    path: "/api/chat/continue/:conversation_id",
    summary: "Goes on with an answer that broke off; the stream begins with the text that it has",
    body: z.object({ message_id: z.string(), model, ...lookUpFields, on_disconnect: onDisconnectField }),
    open: (caller, request) =>
      open(caller, request, (start) => caller.chat.continue({ ...start, ...readModel(request) })),
  },
];

/** What every start beside another message takes. */
type Start = Parameters<Caller["chat"]["regenerate"]>[0];

async function open(
  caller: Caller,
  request: RouteRequest,
  start: (input: Start) => Promise<StartedRun>,
): Promise<OpenedRun | undefined> {
  const conversationId = readPathId(request.params.conversation_id);
  const lastEventId = request.header("last-event-id");
  if (lastEventId !== undefined) return resumeRun(caller, { conversationId, lastEventId });
  const started = await start({
    conversationId,
    requestId: readRequestId(request),
    messageId: request.body.message_id as string,
    ...readLookUp(request.body),
    ...readOnDisconnect(request.body),
  });
  return openStarted(caller, started);
}

const readModel = ({ body }: RouteRequest) =>
  body.model === undefined ? {} : { model: body.model as string };
