import { composeBackend, createWorkerRelay } from "@llm-backend/testing";

type Relay = ReturnType<typeof createWorkerRelay>;

/** Both ways from one process to another. */
export type Relays = AsyncDisposable & { readonly sockets: Relay; readonly redis: Relay };

/** Opens both, under a name of this process. */
export async function openRelays(
  owner: string,
  { folder, redisUrl }: { readonly folder: string; readonly redisUrl: string },
): Promise<Relays> {
  await using cleanup = new AsyncDisposableStack();
  const backend = cleanup.use(await composeBackend({ config: { redis: { url: redisUrl, relay: true } } }));
  const parts = backend.parts.redis;
  if (parts === undefined) throw new Error("The configuration names no Redis.");
  while (!parts.link.state.isOk) await new Promise((resolve) => setImmediate(resolve));
  const onError = (error: unknown) => console.error(error);
  const sockets = createWorkerRelay({ owner, folder, onError });
  cleanup.defer(() => sockets.close());
  const redis = parts.openRelay({ owner, secret: "a secret of the benchmark" });
  cleanup.defer(() => redis.close());
  const kept = cleanup.move();
  return { sockets, redis, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
