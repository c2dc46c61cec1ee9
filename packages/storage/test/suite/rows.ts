import type {
  Conversation,
  Message,
  Repositories,
  Run,
  Session,
  UpstreamRecord,
  User,
} from "../../src/index.ts";

let counter = 0;

/** A number that no other row of this process has; later ones are greater. */
export function nextId(): number {
  return ++counter;
}

/** An id like the real ones; later ones sort behind earlier ones. */
export function nextTextId(prefix: string): string {
  return `${prefix}_${String(nextId()).padStart(26, "0")}`;
}

/** A user, with whatever a test cares about. */
export function createUser(given: Partial<User> = {}): User {
  const id = given.id ?? nextId();
  return {
    id,
    username: `User ${id}`,
    usernameKey: `user ${id}`,
    passwordHash: "$argon2id$v=19$",
    role: "user",
    status: "active",
    tokensValidFrom: 0,
    createdAt: 1_790_000_000_000,
    ...given,
  };
}

export function createSession(given: Partial<Session> & Pick<Session, "userId">): Session {
  return {
    id: nextTextId("ses"),
    kind: "rotating",
    address: null,
    refreshGeneration: 0,
    refreshedAt: null,
    createdAt: 1000,
    expiresAt: 2000,
    revokedAt: null,
    ...given,
  };
}

export function createConversation(
  given: Partial<Conversation> & Pick<Conversation, "userId">,
): Conversation {
  return {
    id: nextId(),
    title: "A title",
    titleSource: "user",
    model: "model-1",
    apiKeySealed: null,
    systemPrompt: null,
    headMessageId: null,
    isPinned: false,
    isArchived: false,
    tools: null,
    knowledgeBaseIds: [],
    topK: null,
    importKey: null,
    createdAt: 1000,
    updatedAt: 1000,
    ...given,
  };
}

export function createMessage(given: Partial<Message> & Pick<Message, "conversationId">): Message {
  return {
    id: nextTextId("msg"),
    parentId: null,
    role: "user",
    content: "Hello",
    reasoning: null,
    model: null,
    finishReason: null,
    usage: null,
    runId: null,
    createdAt: 1000,
    ...given,
  };
}

/** A branch of messages, each the answer to the one before. */
export function createBranch(
  length: number,
  given: Partial<Message> & Pick<Message, "conversationId">,
): Message[] {
  const branch: Message[] = [];
  for (let index = 0; index < length; index++) {
    const role = index % 2 === 0 ? "user" : "assistant";
    branch.push(createMessage({ role, ...given, parentId: branch.at(-1)?.id ?? given.parentId ?? null }));
  }
  return branch;
}

export function createRun(given: Partial<Run> & Pick<Run, "userId" | "conversationId">): Run {
  return {
    id: nextTextId("run"),
    requestId: `request-${nextId()}`,
    inputHash: "hash",
    userMessageId: null,
    assistantMessageId: nextTextId("msg"),
    continuedMessageId: null,
    onDisconnect: "continue",
    model: "model-1",
    state: "streaming",
    owner: "process-1",
    errorCode: null,
    errorMessage: null,
    log: null,
    createdAt: 1000,
    endedAt: null,
    ...given,
  };
}

export function createUpstream(given: Partial<UpstreamRecord> = {}): UpstreamRecord {
  const id = given.id ?? nextTextId("ups");
  return {
    id,
    number: nextId(),
    name: id,
    source: "config",
    endpoint: "https://upstream.example/v1",
    keysSealed: [],
    models: [],
    aliases: {},
    clocks: null,
    options: {},
    tokensSealed: [],
    isOpen: false,
    isEnabled: true,
    foundSealed: null,
    removedAt: null,
    position: 0,
    createdAt: 1000,
    updatedAt: 1000,
    ...given,
  };
}

/** A user with one conversation, both stored. */
export async function insertConversation(
  repositories: Repositories,
  given: Partial<Conversation> = {},
): Promise<Conversation> {
  const userId = given.userId ?? nextId();
  // False where the user is there already.
  await repositories.users.insert(createUser({ id: userId }));
  const conversation = createConversation({ ...given, userId });
  await repositories.conversations.insert(conversation);
  return conversation;
}

/** A run of a conversation of its own, stored. */
export async function insertRun(repositories: Repositories, given: Partial<Run> = {}): Promise<Run> {
  const { userId, id } = await insertConversation(
    repositories,
    given.userId === undefined ? {} : { userId: given.userId },
  );
  const run = createRun({ conversationId: id, ...given, userId });
  await repositories.runs.insert(run);
  return run;
}

/** Stores messages in writes of a size that every database takes. */
export async function insertMessages(
  repositories: Repositories,
  messages: readonly Message[],
): Promise<void> {
  for (let index = 0; index < messages.length; index += 1000) {
    await repositories.messages.insert(messages.slice(index, index + 1000));
  }
}

/** How many of the outcomes are true. */
export function countTrue(outcomes: readonly boolean[]): number {
  return outcomes.filter(Boolean).length;
}
