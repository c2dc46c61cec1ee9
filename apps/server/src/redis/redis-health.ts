import { withJitter } from "./redis-client.ts";

/** How Redis is; `reason` is there unless it is well. */
export type RedisState = { readonly isOk: true } | { readonly isOk: false; readonly reason: string };

/** Decides whether Redis is asked at all. */
export type RedisHealth = {
  readonly state: RedisState;
  /** Redis is asked no more, until a probe has found it well. */
  fail(reason: string): void;
  /** Looks at once whether it is well. */
  probeNow(): void;
  close(): void;
};

/** What the health stands on. */
export type RedisHealthOptions = {
  /** Rejects while Redis is of no use; takes 250 ms at most. */
  readonly probe: () => Promise<unknown>;
  /** Says in a few words what an error of the probe means; undefined where it is nothing new. */
  readonly toReason: (error: unknown) => string | undefined;
  /** Learns of each change, also from one reason to another. */
  readonly onChange: (state: RedisState) => void;
};

const probeMsLeast = 100;
const probeMsMost = 5_000;

/**
 * Creates the health; Redis counts as unwell until a probe has found it well. One failure is enough to ask no more: who
 * has waited once must not wait again, and what Redis is good for goes on without it. It is looked at by a probe of its
 * own, after a time that doubles, so that no request pays for the look.
 */
export function createRedisHealth(options: RedisHealthOptions): RedisHealth {
  let state: RedisState = { isOk: false, reason: "is being connected to" };
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let probing: Promise<void> | undefined;
  let isClosed = false;

  function change(next: RedisState): void {
    const isSame = next.isOk ? state.isOk : !state.isOk && next.reason === state.reason;
    if (isSame || isClosed) return;
    state = next;
    options.onChange(state);
  }

  function plan(): void {
    if (timer !== undefined || isClosed) return;
    const waitMs = Math.min(probeMsLeast * 2 ** Math.min(failures, 10), probeMsMost);
    timer = setTimeout(probeNow, withJitter(waitMs)).unref();
  }

  async function probe(): Promise<void> {
    try {
      await options.probe();
      failures = 0;
      change({ isOk: true });
    } catch (error) {
      failures++;
      const reason = options.toReason(error) ?? (state.isOk ? "answers with an error" : state.reason);
      change({ isOk: false, reason });
      plan();
    }
  }

  function probeNow(): void {
    clearTimeout(timer);
    timer = undefined;
    if (isClosed) return;
    probing ??= probe().finally(() => (probing = undefined));
  }

  return {
    get state() {
      return state;
    },
    fail(reason) {
      change({ isOk: false, reason });
      plan();
    },
    probeNow,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
