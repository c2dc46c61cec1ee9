import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import { question, type ConversationTarget, type StreamCaller } from "./caller.ts";
import { readStream, type StreamRequest } from "./read-stream.ts";

/** A server to ask, and as whom. */
export type Endpoint = { readonly url: string; readonly pid: number; readonly token: string };

type Face = Pick<StreamRequest, "firstMark" | "lastMark"> & {
  readonly name: string;
  readonly toRequest: (target: ConversationTarget) => { path: string; body: unknown; accept?: string };
};

/** The upstream's own API, through the pass-through or straight. */
export function createRawCaller(name: string, endpoint: Endpoint): StreamCaller {
  const messages = [{ role: "user", content: question }];
  return createHttpCaller(endpoint, {
    name,
    firstMark: '"content":"',
    lastMark: "[DONE]",
    toRequest: () => ({
      path: "/v1/chat/completions",
      body: { model: "paced-model", messages, stream: true, stream_options: { include_usage: true } },
    }),
  });
}

/** `POST /api/chat/:id`. */
export function createRestCaller(endpoint: Endpoint): StreamCaller {
  return createHttpCaller(endpoint, {
    name: "REST chat",
    firstMark: '"message"',
    lastMark: '"full_response"',
    toRequest: ({ conversationId }) => ({ path: `/api/chat/${conversationId}`, body: { message: question } }),
  });
}

/** The subscription `chat.stream` as server-sent events. */
export function createSseCaller(endpoint: Endpoint): StreamCaller {
  return createHttpCaller(endpoint, {
    name: "tRPC SSE chat",
    firstMark: '"text-delta"',
    lastMark: '"run-done"',
    toRequest: ({ conversationId }) => ({
      path: "/trpc/chat.stream",
      body: { json: { conversationId, requestId: randomUUID(), message: question } },
      accept: "text/event-stream",
    }),
  });
}

function createHttpCaller(endpoint: Endpoint, face: Face): StreamCaller {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const { firstMark, lastMark, name } = face;
  return {
    name,
    pid: endpoint.pid,
    ask(target) {
      const { path, body, accept } = face.toRequest(target);
      return readStream({
        url: `${endpoint.url}${path}`,
        headers: {
          authorization: `Bearer ${endpoint.token}`,
          "content-type": "application/json",
          ...(accept === undefined ? {} : { accept }),
        },
        body: JSON.stringify(body),
        firstMark,
        lastMark,
        agent,
      });
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
