import { spawnBackend } from "@llm-backend/testing";
import type { ConversationTarget } from "./callers/caller.ts";
import type { Endpoint } from "./callers/http-callers.ts";

/** A server to measure, with a user who may do anything. */
export type BenchServer = AsyncDisposable & {
  readonly endpoint: Endpoint;
  /** Makes conversations that nobody has used. */
  createConversations(count: number): Promise<ConversationTarget[]>;
};

/** Conversations are made so many at once: before a measurement only, but for all of them one after the other takes longer. */
const lanes = 8;

/** Starts a server in a process of its own, with the limits of a single user out of the way. */
export async function startBenchServer(
  upstreamUrl: string,
  config: Readonly<Record<string, unknown>> = {},
): Promise<BenchServer> {
  const backend = await spawnBackend({
    upstreams: [upstreamUrl],
    config: { limits: { streams_per_user_max: 10_000, runs_per_user_max: 10_000 }, ...config },
    program: "built",
  });
  const credentials = { username: "bench", password: "bench password of no worth" };
  await post(backend.url, "/api/users/register", { body: credentials });
  const { token } = (await post(backend.url, "/api/users/login", { body: credentials })) as { token: string };
  return {
    endpoint: { url: backend.url, pid: backend.pid, token },
    async createConversations(count) {
      const made: ConversationTarget[] = [];
      const waiting = Array.from({ length: count }).keys();
      const lane = async () => {
        for (const _ of waiting) {
          const body = { title: "bench", model: "paced-model" };
          const answer = await post(backend.url, "/api/conversations/create", { body, token });
          made.push({ conversationId: (answer as { conversation_id: number }).conversation_id });
        }
      };
      await Promise.all(Array.from({ length: lanes }, lane));
      return made;
    },
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
    },
  };
}

async function post(url: string, path: string, given: { body: unknown; token?: string }): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${given.token ?? ""}` },
    body: JSON.stringify(given.body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
