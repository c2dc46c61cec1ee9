import { createFakeUpstream, answerAsAsked, spawnBackend } from "@llm-backend/testing";
import { callForResult } from "../prove/stage/call.ts";
import { createConversation, registerUser } from "../prove/stage/proof-user.ts";

/** How much data a server holds. */
export type Filling = { readonly messages: number; readonly conversations: number };

/** A server with one long conversation, and with many others. */
export type FilledServer = AsyncDisposable & {
  readonly filling: Filling;
  readonly url: string;
  readonly pid: number;
  readonly token: string;
  /** The long one. */
  readonly conversationId: number;
  /** A message in the middle of it. */
  readonly middleMessageId: string;
  /** The two versions of its last answer. */
  readonly versionIds: readonly string[];
  /** A conversation in the middle of the list. */
  readonly middleConversationId: number;
};

/** Stands in one message of the long conversation, whatever its length. */
export const rareWord = "zanzibar";

const model = "filled-model";
/** More than any conversation here has: the prompt is cut to this. */
const contextTokens = 2048;
const makersMax = 64;
const pageSize = 200;

/** Starts a server, and fills it through its own API. */
export async function startFilled(filling: Filling): Promise<FilledServer> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(
    await createFakeUpstream({ logsModelLists: false, reply: answerAsAsked("An answer of some words.") }),
  );
  const server = cleanup.use(
    await spawnBackend({
      upstreams: [upstream.url],
      config: { chat: { context_tokens: contextTokens } },
      program: "built",
    }),
  );
  const { url, pid } = server;
  const token = await registerUser(url, "filler");
  const document = toDocument(filling.messages);
  const given = { url, token };
  const others = await createOthers(given, filling.conversations);
  const imported = await callForResult<Imported>("mutation", {
    ...given,
    path: "conversation.import",
    input: { document },
  });
  const { conversationId } = imported.conversation;
  const ids = await listMessageIds({ ...given, conversationId });
  const kept = cleanup.move();
  return {
    filling,
    url,
    pid,
    token,
    conversationId,
    middleMessageId: ids[Math.floor(ids.length / 2)] as string,
    versionIds: await listVersions({ ...given, conversationId }),
    middleConversationId: others[Math.floor(others.length / 2)] as number,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

type Imported = { readonly conversation: { readonly conversationId: number } };
type Place = { readonly url: string; readonly token: string };

async function createOthers({ url, token }: Place, count: number): Promise<number[]> {
  const made: number[] = [];
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  await Promise.all(
    Array.from({ length: makersMax }, async () => {
      for (const _ of indexes) made.push(await createConversation(url, token, model));
    }),
  );
  return made.toSorted((a, b) => a - b);
}

type History = {
  readonly messages: readonly { readonly messageId: string; readonly versionIds?: readonly string[] }[];
  readonly nextCursor: string | null;
};

async function readHistory(
  { conversationId, ...given }: Place & { readonly conversationId: number },
  cursor: string | null,
): Promise<History> {
  const input = { conversationId, limit: pageSize, ...(cursor === null ? {} : { cursor }) };
  return callForResult<History>("query", { ...given, path: "conversation.history", input });
}

async function listMessageIds(place: Place & { readonly conversationId: number }): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await readHistory(place, cursor ?? null);
    ids.unshift(...page.messages.map(({ messageId }) => messageId));
    cursor = page.nextCursor;
  }
  return ids;
}

/** The last answer, and a sibling of it that is made here. */
async function listVersions(place: Place & { readonly conversationId: number }): Promise<string[]> {
  const { conversationId, ...given } = place;
  const last = (await readHistory(place, null)).messages.at(-1)?.messageId as string;
  const input = { conversationId, requestId: "sibling", messageId: last };
  const made = await callForResult<{ assistantMessageId: string; runId: string }>("mutation", {
    ...given,
    path: "chat.regenerate",
    input,
  });
  return [last, made.assistantMessageId];
}

/** A conversation of so many messages, one below the other. */
function toDocument(count: number): object {
  const at = "2026-01-01T00:00:00.000Z";
  const messages = Array.from({ length: count }, (_, index) => ({
    id: `m${index}`,
    parentId: index === 0 ? null : `m${index - 1}`,
    role: index % 2 === 0 ? "user" : "assistant",
    content: toContent(index, count),
    reasoning: null,
    model: index % 2 === 0 ? null : model,
    finishReason: index % 2 === 0 ? null : "stop",
    usage: null,
    createdAt: at,
  }));
  return {
    format: "llm-backend-conversation",
    version: 1,
    title: "A long conversation",
    titleSource: "user",
    model,
    systemPrompt: null,
    pinned: false,
    archived: false,
    headMessageId: `m${count - 1}`,
    createdAt: at,
    updatedAt: at,
    messages,
  };
}

/** As long as people's messages are on average, and common words in it. */
function toContent(index: number, count: number): string {
  const words = `message ${index} says something about the weather in a few words `.repeat(4);
  return index === Math.floor(count / 2) ? `${words} ${rareWord}` : words;
}
