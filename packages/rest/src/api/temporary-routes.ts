import { randomUUID } from "node:crypto";
import type { temporaryInput } from "@llm-backend/contract";
import { z } from "zod";
import { chatErrors, chatStatuses } from "./chat-route-parts.ts";
import type { StreamRoute } from "./route.ts";

const message = z.object({ role: z.enum(["user", "assistant"]), content: z.string() });

/** Asking without storing anything. */
export const temporaryRoutes: readonly StreamRoute[] = [
  {
    kind: "stream",
    method: "POST",
    path: "/api/temporary-chat",
    access: "user",
    group: "Chat",
    summary: "Streams the answer to a chat that is stored nowhere: the caller sends all of it",
    headers: {
      "Idempotency-Key":
        "Made by you, once for each question: the same key again joins the answer that it started, from its beginning",
    },
    body: z.object({
      model: z.string(),
      system_prompt: z.string().optional(),
      messages: z.array(message).meta({ description: "Oldest first; the last one is answered" }),
    }),
    statuses: chatStatuses,
    errors: { ...chatErrors, 404: "There is no such answer" },
    async open(caller, request) {
      const { system_prompt: systemPrompt, ...rest } = request.body;
      const events = await caller.chat.temporary({
        ...rest,
        ...(systemPrompt === undefined ? {} : { systemPrompt }),
        requestId: request.header("idempotency-key") ?? `rest-${randomUUID()}`,
      } as z.input<typeof temporaryInput>);
      return { events, lastEventId: undefined };
    },
  },
];
