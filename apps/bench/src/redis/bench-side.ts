import { startBackend } from "@llm-backend/testing";

/** What one turn does. */
export type UseName = "call" | "chat" | "login";

/** A server that is measured, and a caller of it. */
export type Side = AsyncDisposable & { turn(use: UseName): Promise<void> };

const credentials = { username: "bench", password: "bench password of no worth" };
const many = 100_000;
/** Limits that are counted, and reached by nobody. */
const loginLimits = {
  per_account_and_address: many,
  per_address: many,
  per_account: many,
  registrations_per_address: many,
};

/** Starts a server, with Redis where there is an address, and makes a user, a conversation and a key with limits. */
export async function openSide(upstreamUrl: string, redisUrl?: string): Promise<Side> {
  const backend = await startBackend({
    upstreams: [upstreamUrl],
    config: {
      auth: { login_limits: loginLimits },
      ...(redisUrl !== undefined && { redis: { url: redisUrl } }),
    },
  });
  const { keys } = backend.server.backend.services;
  const limits = { requestsPerMinute: many, tokensPerMinute: many, concurrentMax: 1000 };
  const operator = { userId: null, role: "admin" } as const;
  const { secret } = await keys.create(operator, { name: "bench", ...limits });
  const post = (path: string, given: { body: unknown; token?: string }) =>
    ask(`${backend.url}${path}`, given);
  await post("/api/users/register", { body: credentials });
  const { token } = JSON.parse(await post("/api/users/login", { body: credentials })) as { token: string };
  const made = await post("/api/conversations/create", {
    body: { title: "bench", model: "paced-model" },
    token,
  });
  const { conversation_id: conversationId } = JSON.parse(made) as { conversation_id: number };
  const question = { model: "paced-model", messages: [{ role: "user", content: "Hi" }] };
  const turns: Record<UseName, () => Promise<string>> = {
    call: () => post("/v1/chat/completions", { body: question, token: secret }),
    chat: () => post(`/api/chat/${conversationId}`, { body: { message: "Hi" }, token }),
    login: () => post("/api/users/login", { body: credentials }),
  };
  return {
    async turn(use) {
      await turns[use]();
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

async function ask(url: string, given: { body: unknown; token?: string }): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${given.token ?? ""}` },
    body: JSON.stringify(given.body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text;
}
