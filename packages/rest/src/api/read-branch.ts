import type { MessageView } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";

/** The branch that a conversation shows, oldest first. @throws DomainError `not_found` */
export async function readBranch(caller: Caller, conversationId: number): Promise<MessageView[]> {
  const pages: MessageView[][] = [];
  let cursor: string | undefined;
  do {
    const page = await caller.conversation.history({
      conversationId,
      limit: 200,
      ...(cursor === undefined ? {} : { cursor }),
    });
    pages.unshift(page.messages);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return pages.flat();
}
