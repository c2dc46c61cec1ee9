import type { Message, Run, Storage } from "@llm-backend/storage";

/** The message that a run answers; undefined where it stands at the beginning of its conversation, or is gone. */
export async function findAnswered(
  storage: Pick<Storage, "messages">,
  run: Run,
): Promise<Message | undefined> {
  const { conversationId } = run;
  const id =
    run.userMessageId ?? (await storage.messages.find(run.assistantMessageId, conversationId))?.parentId;
  return typeof id === "string" ? storage.messages.find(id, conversationId) : undefined;
}
