import { createClient, type SessionClient, type SessionClientOptions } from "@llm-backend/client";
import {
  createFakeUpstream,
  startBackend,
  type BackendOptions,
  type FakeUpstream,
  type FakeUpstreamOptions,
  type TestBackend,
} from "@llm-backend/testing";
import { createCuttingProxy, type CuttingProxy } from "./cutting-proxy.ts";

/** How streams travel in a test. */
export const transports = ["sse", "websocket"] as const;

/** Comes back at once: a test has no herd to fear. */
export const quickRetry = { delayMsFirst: 1, delayMsMax: 50, attemptsMax: 500 };

/** Somebody who is logged in and has a conversation. */
export type StageUser = {
  readonly client: SessionClient;
  readonly username: string;
  readonly conversationId: number;
};

/** A backend behind a line that can be cut, with an upstream that answers as it is told. */
export type ClientStage = AsyncDisposable & {
  readonly upstream: FakeUpstream;
  readonly backend: TestBackend;
  readonly proxy: CuttingProxy;
  addUser(options?: Partial<SessionClientOptions>): Promise<StageUser>;
};

const password = "correct horse";
let users = 0;

/** Registers somebody new, logs in, and creates a conversation. */
export async function addUser(url: string, options: Partial<SessionClientOptions> = {}): Promise<StageUser> {
  const client = createClient({ url, retry: quickRetry, ...options });
  const username = `user-${process.pid}-${++users}`;
  await client.auth.register.mutate({ username, password });
  await client.session.login({ username, password });
  const { conversationId } = await client.conversation.create.mutate({ title: "Talk", model: "fake-model" });
  return { client, username, conversationId };
}

/** Another client of somebody who has one: another tab, another device. */
export async function addClientOf(user: StageUser, options: SessionClientOptions): Promise<SessionClient> {
  const client = createClient({ retry: quickRetry, ...options });
  await client.session.login({ username: user.username, password });
  return client;
}

/** Sets everything up. */
export async function setClientStage(
  options: { readonly upstream?: FakeUpstreamOptions; readonly backend?: BackendOptions } = {},
): Promise<ClientStage> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await createFakeUpstream(options.upstream));
  const backend = cleanup.use(await startBackend({ upstreams: [upstream.url], ...options.backend }));
  const proxy = cleanup.use(await createCuttingProxy(backend.url));
  const kept = cleanup.move();
  return {
    upstream,
    backend,
    proxy,
    async addUser(given) {
      const user = await addUser(proxy.url, given);
      kept.defer(() => user.client.close());
      return user;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
