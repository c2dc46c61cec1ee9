import type { openStorage } from "@llm-backend/testing";

type Storage = Awaited<ReturnType<typeof openStorage>>;
type Message = Parameters<Storage["messages"]["insert"]>[0][number];
type Session = Parameters<Storage["sessions"]["insert"]>[0];

let counter = 0;

/** An id like the real ones; later ones sort behind earlier ones. */
function nextId(prefix: string): string {
  return `${prefix}_${String(++counter).padStart(26, "0")}`;
}

/** As long as what people write and are answered on average, in tokens about a hundred. */
const sentence = "A message says something about the weather, the trains and the plans for tomorrow. ";
const content = sentence.repeat(5);

/** Stores a user, past everything that checks one. */
export async function storeUser(storage: Storage): Promise<number> {
  const id = ++counter;
  await storage.users.insert({
    id,
    username: `User ${id}`,
    usernameKey: `user ${id}`,
    passwordHash: "none",
    role: "user",
    status: "active",
    tokensValidFrom: 0,
    createdAt: 0,
  });
  return id;
}

/** Stores a session that has long to live; answers with its id. */
export async function storeSession(storage: Storage, userId: number): Promise<string> {
  const session: Session = {
    id: nextId("ses"),
    userId,
    kind: "fixed",
    address: "127.0.0.1",
    refreshGeneration: 0,
    refreshedAt: null,
    createdAt: 0,
    expiresAt: Number.MAX_SAFE_INTEGER,
    revokedAt: null,
  };
  await storage.sessions.insert(session);
  return session.id;
}

/** Stores an empty conversation; answers with its id. */
export async function storeConversation(storage: Storage, userId: number): Promise<number> {
  const id = ++counter;
  await storage.conversations.insert({
    id,
    userId,
    title: "A conversation",
    titleSource: "user",
    model: "model",
    apiKeySealed: null,
    systemPrompt: null,
    headMessageId: null,
    isPinned: false,
    isArchived: false,
    tools: null,
    knowledgeBaseIds: [],
    topK: null,
    importKey: null,
    createdAt: 0,
    updatedAt: 0,
  });
  return id;
}

/** A message of ordinary length, to be stored. */
export function toMessage(given: Pick<Message, "conversationId" | "parentId" | "role">): Message {
  return {
    id: nextId("msg"),
    content,
    reasoning: null,
    model: given.role === "user" ? null : "model",
    finishReason: given.role === "user" ? null : "stop",
    usage: null,
    runId: null,
    createdAt: 0,
    ...given,
  };
}
