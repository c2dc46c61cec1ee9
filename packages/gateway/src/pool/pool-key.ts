import type { HealthChange, KeyHealth } from "../upstream.ts";
import { toGrowingMs, type BreakerSettings, type KeyRestSettings } from "./pool-settings.ts";

/** Why a key is not used. */
export type KeyRest = Exclude<KeyHealth["state"], "ok">;

/** That a key was taken for a request: how it did is told with it. */
export type KeyLease = { readonly key: PoolKey; readonly epoch: number; readonly isTrial: boolean };

/** What a key needs beside its value. */
export type KeyContext = {
  readonly rest: KeyRestSettings;
  readonly breaker: BreakerSettings;
  readonly random: () => number;
  readonly onChange: (key: PoolKey, change: Pick<HealthChange, "from" | "to" | "reason">) => void;
};

/** Which rest another one may take the place of before it is over. */
const severity: Record<KeyRest, number> = { open: 0, cooling: 1, quota: 2, rejected: 3 };

/** One key of an upstream and how it is. */
export class PoolKey {
  readonly value: string | undefined;
  /** Orders the keys by their last use. */
  usedAt = 0;
  readonly #context: KeyContext;
  #state: KeyHealth["state"] = "ok";
  #until = 0;
  /** How often it has gone to rest for the same reason without an answer in between. */
  #rests = 0;
  #epoch = 0;
  #failuresInARow = 0;
  #isOnTrial = false;

  constructor(value: string | undefined, context: KeyContext) {
    this.value = value;
    this.#context = context;
  }

  /** Its end, for people. Of a short key that would be half of it. */
  get last4(): string | undefined {
    return this.value !== undefined && this.value.length >= 8 ? this.value.slice(-4) : undefined;
  }

  /** Why it is not used just now; undefined when it may be. */
  restsFor(now: number): KeyRest | undefined {
    if (this.#state === "ok") return undefined;
    return now >= this.#until && !this.#isOnTrial ? undefined : this.#state;
  }

  /** When it may be used again. */
  get until(): number {
    return this.#until;
  }

  /** A cool-down ends by itself; everything else ends when an answer has proved it. */
  state(now: number): KeyHealth["state"] {
    return this.#state === "cooling" && now >= this.#until ? "ok" : this.#state;
  }

  /** Takes it for a request; one of the functions below has to follow. */
  take(order: number): KeyLease {
    this.usedAt = order;
    const isTrial = this.#state !== "ok" && this.#state !== "cooling";
    this.#isOnTrial ||= isTrial;
    return { key: this, epoch: this.#epoch, isTrial };
  }

  /** An answer began with it. What began before it went to rest proves nothing. */
  accept(lease: KeyLease): void {
    this.release(lease);
    if (lease.epoch !== this.#epoch) return;
    this.#failuresInARow = 0;
    if (this.#state === "ok") return;
    const from = this.#state;
    this.#state = "ok";
    this.#rests = 0;
    this.#context.onChange(this, { from, to: "ok", reason: "it is accepted again" });
  }

  /** The request ended without saying anything about the key. */
  release(lease: KeyLease): void {
    if (lease.isTrial && lease.epoch === this.#epoch) this.#isOnTrial = false;
  }

  refuse(lease: KeyLease, now: number, reason: string): void {
    const { rejectedMs, rejectedMsMax } = this.#context.rest;
    this.#rest(lease, {
      state: "rejected",
      now,
      reason,
      ms: (rests) => this.#grow(rejectedMs, rests, rejectedMsMax),
    });
  }

  exhaust(lease: KeyLease, now: number, reason: string): void {
    const { quotaMs, quotaMsMax } = this.#context.rest;
    this.#rest(lease, { state: "quota", now, reason, ms: (rests) => this.#grow(quotaMs, rests, quotaMsMax) });
  }

  /** The provider wants less of it. `askedMs`: for how long, where it said so. */
  cool(
    lease: KeyLease,
    now: number,
    { reason, askedMs }: { reason: string; askedMs: number | undefined },
  ): void {
    const { coolMs, coolMsMax, jitter } = this.#context.rest;
    const askedFor = askedMs === undefined || Number.isNaN(askedMs) ? undefined : clamp(askedMs, coolMsMax);
    // A provider that says how long is believed, every time.
    const isExtended = this.#state === "cooling" && askedFor !== undefined && now < this.#until;
    if (isExtended) this.#until = Math.max(this.#until, now + askedFor);
    const random = this.#context.random;
    const ms = (rests: number): number =>
      askedFor ?? toGrowingMs(coolMs, rests, { max: coolMsMax, jitter, random });
    this.#rest(lease, { state: "cooling", now, reason, ms });
  }

  /** The upstream failed with it. When that goes on while other keys do well, the fault is the key's. */
  fail(lease: KeyLease, now: number, reason: string): void {
    const { failuresInARow, openMs, openMsMax, jitter } = this.#context.breaker;
    this.#failuresInARow++;
    const isEnough = lease.isTrial ? this.#state === "open" : this.#failuresInARow >= failuresInARow;
    if (!isEnough) return this.release(lease);
    const random = this.#context.random;
    const ms = (rests: number): number => toGrowingMs(openMs, rests, { max: openMsMax, jitter, random });
    this.#rest(lease, { state: "open", now, reason, ms });
  }

  #grow(base: number, rests: number, max: number): number {
    // These are told to people: a round time is a better one than a spread one, and nobody else waits for it.
    return Math.min(max, base * 2 ** rests);
  }

  #rest(
    lease: KeyLease,
    rest: { state: KeyRest; now: number; reason: string; ms: (rests: number) => number },
  ): void {
    const { state, now, reason } = rest;
    const present = this.#state;
    const isResting = present !== "ok" && now < this.#until;
    this.release(lease);
    // Of many requests under way each may say the same: only the first one counts.
    if (isResting && severity[state] <= severity[present]) return;
    if (present !== state) this.#rests = 0;
    const ms = rest.ms(this.#rests++);
    if (ms === 0) return;
    this.#state = state;
    this.#until = now + ms;
    this.#epoch++;
    this.#isOnTrial = false;
    this.#failuresInARow = 0;
    if (present !== state) this.#context.onChange(this, { from: present, to: state, reason });
  }
}

const clamp = (ms: number, max: number): number => Math.min(Math.max(ms, 0), max);
