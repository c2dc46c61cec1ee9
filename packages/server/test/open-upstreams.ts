import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Gateway, Upstream, UpstreamHealth } from "@llm-backend/gateway";
import {
  createSealBox,
  createUpstreamService,
  type FoundUpstream,
  type UpstreamService,
} from "@llm-backend/server";
import { openSqlite, type Storage } from "@llm-backend/storage";

/** The list of upstreams in a database of one test. */
export type OpenedUpstreams = AsyncDisposable & {
  readonly list: UpstreamService;
  readonly storage: Storage;
  readonly clock: { now: number };
  /** The list as another process has it: on a connection of its own, with another master key where the test says so. */
  openAnother(masterKeyByte?: number): Promise<{ storage: Storage; list: UpstreamService }>;
};

/** Opens a list over a fresh database. */
export async function openUpstreams(): Promise<OpenedUpstreams> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const clock = { now: Date.UTC(2026, 5, 1) };
  const open = async (owner: AsyncDisposableStack, masterKeyByte = 1) => {
    const storage = await openSqlite({ path: join(folder, "test.db") });
    owner.defer(() => storage.close());
    const sealBox = createSealBox(new Uint8Array(32).fill(masterKeyByte));
    return { storage, list: createUpstreamService({ storage, sealBox, now: () => ++clock.now }) };
  };
  const opened = await open(cleanup);
  const kept = cleanup.move();
  return {
    ...opened,
    clock,
    openAnother: (masterKeyByte) => open(kept, masterKeyByte),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** An entry of the configuration. */
export function found(
  name: string,
  given: Partial<Upstream> = {},
  more: Partial<FoundUpstream> = {},
): FoundUpstream {
  const id = `ups_${name}`;
  return {
    upstream: {
      id,
      name,
      endpoint: `https://${name}.example/v1`,
      keys: [`sk-key-of-${name}-0123`],
      models: [],
      aliases: {},
      ...given,
    },
    source: "config",
    ...more,
  };
}

/** The gateway's side of the port: remembers its list, and counts what the test tells it. */
export type ListeningGateway = Gateway & {
  readonly upstreams: readonly Upstream[];
  /** The named upstream answered so often, or failed. */
  count(name: string, counted: { successes?: number; failures?: number; at: number }): void;
};

/** Creates a gateway that asks nobody. */
export function createListeningGateway(): ListeningGateway {
  let upstreams: readonly Upstream[] = [];
  const health = new Map<string, UpstreamHealth>();
  const unasked = () => Promise.reject(new Error("This is not asked here."));
  return {
    get upstreams() {
      return upstreams;
    },
    count(name, { successes = 0, failures = 0, at }) {
      const { id } = upstreams.find((upstream) => upstream.name === name) as Upstream;
      const before = health.get(id) as UpstreamHealth;
      health.set(id, {
        ...before,
        successes: before.successes + successes,
        failures: before.failures + failures,
        lastSuccessAt: successes > 0 ? at : before.lastSuccessAt,
        lastFailureAt: failures > 0 ? at : before.lastFailureAt,
      });
    },
    chat: unasked,
    forward: unasked,
    models: () => [],
    health: () => [...health.values()],
    probe: ({ name }, options) =>
      Promise.resolve({
        upstream: name,
        isReachable: true,
        isKeyAccepted: undefined,
        models: undefined,
        model: options?.model,
        isStreaming: undefined,
        firstTokenMs: undefined,
        problem: undefined,
      }),
    replaceUpstreams(list) {
      upstreams = list;
      const kept = new Map(health);
      health.clear();
      for (const upstream of list) health.set(upstream.id, kept.get(upstream.id) ?? toHealth(upstream));
    },
    close: () => Promise.resolve(),
  };
}

function toHealth({ id, name, tally }: Upstream): UpstreamHealth {
  return {
    id,
    name,
    breaker: "closed",
    openUntil: undefined,
    keys: [],
    inFlight: 0,
    waiting: 0,
    firstTokenMs: undefined,
    lastFailure: undefined,
    successes: tally?.successes ?? 0,
    failures: tally?.failures ?? 0,
    lastSuccessAt: tally?.lastSuccessAt,
    lastFailureAt: tally?.lastFailureAt,
  };
}
