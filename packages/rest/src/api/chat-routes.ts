import { DomainError } from "@llm-backend/contract";
import { z } from "zod";
import { attachmentIdsField, readAttachmentIds } from "./attachment-ids.ts";
import {
  chatErrors,
  chatParams,
  chatStatuses,
  hasRequestId,
  lastEventIdHeader,
  readRequestId,
  requestHeaders,
} from "./chat-route-parts.ts";
import { lookUpFields, readLookUp } from "./look-up-fields.ts";
import { onDisconnectField, readOnDisconnect } from "./on-disconnect.ts";
import { openStarted } from "./open-started.ts";
import { readPathId } from "./path-id.ts";
import { resumeRun } from "./resume-run.ts";
import type { StreamRoute } from "./route.ts";

/** Asking, and following the answer. */
export const chatRoutes: readonly StreamRoute[] = [
  {
    kind: "stream",
    method: "POST",
    path: "/api/chat/:conversation_id",
    access: "user",
    group: "Chat",
    summary: "Sends a message and streams the answer",
    params: chatParams,
    headers: requestHeaders,
    body: z.object({
      message: z.string(),
      attachment_ids: attachmentIdsField,
      ...lookUpFields,
      on_disconnect: onDisconnectField,
    }),
    statuses: chatStatuses,
    errors: chatErrors,
    async open(caller, request) {
      const conversationId = readPathId(request.params.conversation_id);
      const lastEventId = request.header("last-event-id");
      const message = request.body.message as string;
      if (lastEventId !== undefined) return resumeRun(caller, { conversationId, lastEventId, message });
      const asked = {
        conversationId,
        requestId: readRequestId(request),
        message,
        ...readAttachmentIds(request.body),
        ...readLookUp(request.body),
        ...readOnDisconnect(request.body),
      };
      // Only who brings a key can join an answer that is over, and has to learn of it.
      if (hasRequestId(request)) return openStarted(caller, await caller.chat.send(asked));
      return { events: await caller.chat.stream(asked), lastEventId: undefined };
    },
  },
  {
    kind: "stream",
    method: "GET",
    path: "/api/chat/:conversation_id",
    access: "user",
    group: "Chat",
    summary: "Streams the newest answer, from its beginning or from where the caller was cut off",
    params: chatParams,
    headers: { "Last-Event-ID": lastEventIdHeader },
    statuses: chatStatuses,
    errors: chatErrors,
    async open(caller, request) {
      const conversationId = readPathId(request.params.conversation_id);
      const lastEventId = request.header("last-event-id");
      if (lastEventId !== undefined) return resumeRun(caller, { conversationId, lastEventId });
      const { messages } = await caller.conversation.history({ conversationId, limit: 1 });
      const run = messages[0]?.run;
      if (!run) throw new DomainError("not_found", "This conversation has no answer yet.");
      return openStarted(caller, run);
    },
  },
];
