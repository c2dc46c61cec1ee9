import type { openStorage } from "@llm-backend/testing";
import { storeConversation, storeUser, toMessage } from "../stored-rows.ts";

type Storage = Awaited<ReturnType<typeof openStorage>>;

/** A conversation that grows. */
export type Turns = {
  /** Stores a message and its answer in one transaction; resolves when they are acknowledged. */
  write(): Promise<void>;
};

/** Begins a conversation in an empty database. */
export async function openTurns(storage: Storage): Promise<Turns> {
  const userId = await storeUser(storage);
  const conversationId = await storeConversation(storage, userId);
  let last: string | null = null;
  return {
    async write() {
      const question = toMessage({ conversationId, parentId: last, role: "user" });
      const answer = toMessage({ conversationId, parentId: question.id, role: "assistant" });
      last = answer.id;
      await storage.transaction((tx) => tx.messages.insert([question, answer]));
    },
  };
}
