import { call, callForResult } from "../prove/stage/call.ts";
import { rareWord, type FilledServer } from "./filled-server.ts";

/** Something that a user does again and again. */
export type Step = {
  readonly name: string;
  /** @throws Error when it does not succeed. */
  take(server: FilledServer, count: number): Promise<unknown>;
};

/** Everything whose cost must not depend on how much there is. */
export const steps: readonly Step[] = [
  {
    name: "open a conversation (its newest 50 messages)",
    take: (server) => query(server, "conversation.history", toConversation(server, { limit: 50 })),
  },
  {
    name: "a page of 50 in its middle",
    take: (server) =>
      query(
        server,
        "conversation.history",
        toConversation(server, { limit: 50, cursor: server.middleMessageId }),
      ),
  },
  {
    name: "show another version of the last answer",
    take: (server, count) =>
      mutate(
        server,
        "conversation.selectVersion",
        toConversation(server, { messageId: server.versionIds[count % 2] }),
      ),
  },
  {
    name: "search a rare word",
    take: (server) => query(server, "conversation.search", { query: rareWord, limit: 10 }),
  },
  {
    name: "the list's first 50",
    take: (server) => query(server, "conversation.list", { limit: 50 }),
  },
  {
    name: "50 in the middle of the list",
    take: (server) => query(server, "conversation.list", { limit: 50, cursor: server.middleConversationId }),
  },
  {
    name: "rename a conversation",
    take: (server, count) =>
      mutate(server, "conversation.rename", toConversation(server, { title: `Title ${count}` })),
  },
  // Last of all: it makes the conversation longer.
  {
    name: "send a message, read the answer (prompt of 2,048 tokens)",
    async take({ url, token, conversationId }) {
      const path = `${url}/api/chat/${conversationId}`;
      const { status, text } = await call("POST", path, { token, body: { message: "And now?" } });
      if (status !== 200 || !text.includes("full_response")) throw new Error(`${path}: ${status} ${text}`);
    },
  },
];

function toConversation({ conversationId }: FilledServer, rest: object): object {
  return { conversationId, ...rest };
}

function query({ url, token }: FilledServer, path: string, input: object): Promise<unknown> {
  return callForResult("query", { url, token, path, input });
}

function mutate({ url, token }: FilledServer, path: string, input: object): Promise<unknown> {
  return callForResult("mutation", { url, token, path, input });
}
