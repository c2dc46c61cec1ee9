import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DomainError } from "@llm-backend/contract";
import type { Gateway } from "@llm-backend/gateway";
import { createBackend, type Backend, type ServiceSettings } from "@llm-backend/server";
import { openSqlite, type Storage } from "@llm-backend/storage";

const unasked = () => Promise.reject(new Error("This is not asked here."));

/** Services over a real database, at a time that the test sets. */
export type OpenedServices = AsyncDisposable & {
  readonly backend: Backend;
  readonly storage: Storage;
  readonly clock: { now: number };
  /** Failures that no caller was told the reason of. */
  readonly errors: readonly unknown[];
  /** The services as the next process on the same database has them. */
  reopen(): Promise<Backend>;
};

/** Secret of the tests' tokens. */
export const jwtSecret = "a secret that only these tests have, 32 bytes";

const settings: ServiceSettings = {
  registration: "open",
  hashing: { memoryKib: 19_456, timeCost: 2, concurrency: 2, queueMax: 64 },
  loginLimits: {
    perAccountAndAddress: 1000,
    perAddress: 1000,
    perAccount: 1000,
    registrationsPerAddress: 1000,
  },
  lifetimes: {
    fixedMs: 24 * 3_600_000,
    accessMs: 15 * 60_000,
    refreshIdleMs: 30 * 24 * 3_600_000,
    sessionMs: 90 * 24 * 3_600_000,
  },
  runLimits: { perUser: 8, perConversation: 8, streamsPerUser: 8 },
  runs: { systemPrompt: "", contexts: { models: {}, defaultTokens: 1000 }, runMsMax: 60_000 },
  access: { globalTokens: [], adminTokens: [], isOpen: false },
};

/** These tests ask no model. */
const noGateway: Gateway = {
  chat: () => Promise.reject(new DomainError("model_not_found")),
  models: () => [],
  forward: unasked,
  health: () => [],
  probe: unasked,
  replaceUpstreams: () => {},
  close: () => Promise.resolve(),
};

/** What stands around the services, where a test has its own. */
export type Surroundings = {
  readonly gateway?: Gateway;
  /** Puts something between the services and their database. */
  readonly wrap?: (storage: Storage) => Storage;
};

/** Opens services over a fresh database. */
export async function openServices(
  changes: Partial<ServiceSettings> = {},
  { gateway = noGateway, wrap = (storage) => storage }: Surroundings = {},
): Promise<OpenedServices> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const storage = await openSqlite({ path: join(folder, "test.db") });
  cleanup.defer(() => storage.close());
  const clock = { now: Date.UTC(2026, 5, 1) };
  const errors: unknown[] = [];
  const open = () =>
    createBackend({
      storage: wrap(storage),
      gateway,
      secrets: { jwtSecret, masterKey: new Uint8Array(32).fill(1) },
      settings: { ...settings, ...changes },
      onInternalError: (error) => errors.push(error),
      now: () => clock.now,
    });
  const backend = await open();
  cleanup.defer(() => backend.drain(AbortSignal.abort()));
  const kept = cleanup.move();
  return { backend, storage, clock, errors, reopen: open, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The code of the error that a promise rejects with; undefined when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
  } catch (error) {
    if (DomainError.is(error)) return error.code;
    throw error;
  }
  return undefined;
}
