import {
  createFakeUpstream,
  createHandDrivenReply,
  finish,
  role,
  say,
  spawnBackend,
  type BackendProcess,
  type FakeUpstream,
  type HandDrivenReply,
} from "@llm-backend/testing";
import { createTrpcCaller, type TrpcCaller } from "../callers/trpc-caller.ts";
import { newRequestId, type Started } from "../chat/read-run.ts";
import { openPinnedCallers } from "./pinned-caller.ts";

/** Two workers before an upstream. */
export type TwoWorkers = AsyncDisposable & {
  readonly upstream: FakeUpstream;
  readonly backend: BackendProcess;
};

/** Starts two workers. */
export async function startTwoWorkers(
  config: Readonly<Record<string, unknown>> = {},
  models?: readonly string[],
): Promise<TwoWorkers> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await createFakeUpstream());
  const listed = models === undefined ? upstream.url : { endpoint: `${upstream.url}/v1`, models };
  const backend = cleanup.use(
    await spawnBackend({ upstreams: [listed], config: { workers: 2, drain_seconds: 5, ...config } }),
  );
  const kept = cleanup.move();
  return { upstream, backend, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** One user's callers, each with a connection of its own: two at each of two workers. */
export type CallersAtBoth = Disposable & {
  readonly here: readonly [TrpcCaller, TrpcCaller];
  readonly there: readonly [TrpcCaller, TrpcCaller];
  /** The second connection to the second worker, for whoever else is to be there. */
  readonly atThere: typeof fetch;
};

/** Opens the connections of a user. */
export async function openCallersAtBoth(
  backend: BackendProcess,
  { token }: { readonly token?: string | undefined },
): Promise<CallersAtBoth> {
  const callers = await openPinnedCallers(backend, 2);
  const toTrpc = (all: (typeof callers)["first"]) =>
    all.map((caller) => createTrpcCaller(backend.url, token, caller.fetch)) as [TrpcCaller, TrpcCaller];
  return {
    here: toTrpc(callers.first),
    there: toTrpc(callers.second),
    atThere: callers.second[1]?.fetch as typeof fetch,
    [Symbol.dispose]: () => callers[Symbol.dispose](),
  };
}

/** Lets the upstream begin an answer that the test goes on with. */
export function beginReply(upstream: FakeUpstream, words: string): HandDrivenReply {
  const hand = createHandDrivenReply();
  upstream.enqueue(hand.reply);
  hand.push(role(), say(words));
  return hand;
}

/** Says the rest of an answer. */
export function endReply(hand: HandDrivenReply, words: string): void {
  hand.push(say(words), finish());
  hand.end();
}

/** Sends a message. */
export const send = (
  trpc: TrpcCaller,
  conversationId: number,
  given: { requestId?: string; message?: string } = {},
) =>
  trpc.mutate<Started>("chat.send", {
    conversationId,
    requestId: newRequestId(),
    message: "Hello",
    ...given,
  });
