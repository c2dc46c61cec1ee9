import {
  createFakeUpstream,
  startBackend,
  type BackendOptions,
  type FakeUpstream,
  type FakeUpstreamOptions,
  type TestBackend,
} from "@llm-backend/testing";
import { createConversation, registerUser, type RestCaller } from "./rest-caller.ts";
import { createTrpcCaller, type TrpcCaller } from "./trpc-caller.ts";

/** One user on both faces. */
export type StageUser = { readonly rest: RestCaller; readonly trpc: TrpcCaller };

/** An upstream, and a backend before it. */
export type ChatStage = AsyncDisposable & {
  readonly upstream: FakeUpstream;
  readonly backend: TestBackend;
  /** Registers another user. */
  addUser(): Promise<StageUser>;
  /** Registers another user, who has one conversation. */
  addConversation(
    fields?: Readonly<Record<string, unknown>>,
  ): Promise<StageUser & { conversationId: number }>;
};

/** Sets an upstream and a backend up. */
export async function setChatStage(
  options: { upstream?: FakeUpstreamOptions; backend?: BackendOptions } = {},
): Promise<ChatStage> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await createFakeUpstream(options.upstream));
  const backend = cleanup.use(await startBackend({ upstreams: [upstream.url], ...options.backend }));
  const kept = cleanup.move();
  const addUser = async (): Promise<StageUser> => {
    const rest = await registerUser(backend.url);
    return { rest, trpc: createTrpcCaller(backend.url, rest.token) };
  };
  return {
    upstream,
    backend,
    addUser,
    async addConversation(fields) {
      const user = await addUser();
      return { ...user, conversationId: await createConversation(user.rest, fields) };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Waits until a condition holds that nothing announces; longer than usual for what starts processes. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** The system prompt and messages that an upstream was asked with. */
export function readPrompt(call: { readonly body: unknown }): { role: string; content: string }[] {
  return (call.body as { messages: { role: string; content: string }[] }).messages;
}
