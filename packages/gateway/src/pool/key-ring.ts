import type { KeyHealth } from "../upstream.ts";
import { PoolKey, type KeyContext, type KeyLease, type KeyRest } from "./pool-key.ts";

/** Why no key can be used, and in how many milliseconds one can. */
export type RingRest = { readonly reason: KeyRest; readonly waitMs: number };

/** The keys of one upstream. One that needs none has a nameless one, whose health is like any other's. */
export class KeyRing {
  readonly #context: KeyContext;
  #keys: readonly PoolKey[] = [];
  #uses = 0;

  constructor(values: readonly string[], context: KeyContext) {
    this.#context = context;
    this.replace(values);
  }

  /** Whoever stays, by value, keeps their health. */
  replace(values: readonly string[]): void {
    const known = new Map(this.#keys.map((key) => [key.value, key]));
    const wanted: readonly (string | undefined)[] = values.length === 0 ? [undefined] : [...new Set(values)];
    this.#keys = wanted.map((value) => known.get(value) ?? new PoolKey(value, this.#context));
  }

  get hasSeveral(): boolean {
    return this.#keys.length > 1;
  }

  /** The key that was used longest ago, of those that may be used; one that only failed with an upstream if no other is left. */
  choose(now: number, asked?: ReadonlySet<PoolKey>): PoolKey | undefined {
    let best: PoolKey | undefined;
    let second: PoolKey | undefined;
    for (const key of this.#keys) {
      if (asked?.has(key) === true) continue;
      const rest = key.restsFor(now);
      if (rest === undefined) best = best === undefined || key.usedAt < best.usedAt ? key : best;
      else if (rest === "open") second = second === undefined || key.usedAt < second.usedAt ? key : second;
    }
    return best ?? second;
  }

  take(key: PoolKey): KeyLease {
    return key.take(++this.#uses);
  }

  /** Why `choose` gave nothing: what is over soonest. */
  rest(now: number): RingRest {
    let soonest: RingRest = { reason: "rejected", waitMs: Number.POSITIVE_INFINITY };
    for (const key of this.#keys) {
      const reason = key.restsFor(now);
      const waitMs = Math.max(0, key.until - now);
      if (reason !== undefined && waitMs < soonest.waitMs) soonest = { reason, waitMs };
    }
    return soonest;
  }

  /** `toWallTime` turns a time of the pool's clock into one since 1970. */
  health(now: number, toWallTime: (at: number) => number): KeyHealth[] {
    return this.#keys.map((key) => {
      const state = key.state(now);
      return { last4: key.last4, state, until: state === "ok" ? undefined : toWallTime(key.until) };
    });
  }
}
