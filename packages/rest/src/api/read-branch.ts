import type { MessageView } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { readPages } from "./read-pages.ts";

/** The branch that a conversation shows, oldest first. @throws DomainError `not_found` */
export async function readBranch(caller: Caller, conversationId: number): Promise<MessageView[]> {
  const pages: MessageView[][] = [];
  for await (const { messages } of readPages(caller.conversation.history, { conversationId, limit: 200 }))
    pages.unshift(messages);
  return pages.flat();
}
