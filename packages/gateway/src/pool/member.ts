import type { PreparedUpstream } from "../routing/prepared-upstream.ts";
import type { HealthChange, Upstream, UpstreamHealth } from "../upstream.ts";
import { toBlame } from "./blame.ts";
import { Breaker, type Pass } from "./breaker.ts";
import { KeyRing } from "./key-ring.ts";
import { Places, type PlaceLimits } from "./places.ts";
import type { KeyLease } from "./pool-key.ts";
import type { PoolSettings, PoolSources } from "./pool-settings.ts";
import type { SlotEnding } from "./pool.ts";
import { TrackRecord } from "./track-record.ts";

/** What every member of a pool is made with. */
export type MemberContext = PoolSources & {
  readonly settings: PoolSettings;
  readonly onHealthChange: (change: HealthChange) => void;
};

/** What a request holds of a member until it ends. */
export type Hold = { readonly pass: Pass; readonly lease: KeyLease; hasBegun: boolean };

const toPlaceLimits = ({ concurrencyMax, queueMax }: Upstream): PlaceLimits => ({
  placesMax: concurrencyMax ?? Number.POSITIVE_INFINITY,
  queueMax: queueMax ?? 0,
});

/** One upstream of the pool and how it is. It outlives changes of its settings, but not of its endpoint. */
export class Member {
  readonly record: TrackRecord;
  readonly breaker: Breaker;
  readonly keys: KeyRing;
  readonly places: Places;
  upstream: Upstream;
  prepared: PreparedUpstream;
  /** Taken out of the list: nobody new is sent there. */
  isRetired = false;
  /** When it last got a request. */
  takenAt = Number.NEGATIVE_INFINITY;
  /** Until when it wants to be left alone if others can answer. */
  sparedUntil = Number.NEGATIVE_INFINITY;
  readonly #context: MemberContext;

  constructor(upstream: Upstream, prepared: PreparedUpstream, context: MemberContext) {
    const { settings, random } = context;
    this.#context = context;
    this.upstream = upstream;
    this.prepared = prepared;
    this.record = new TrackRecord(context, upstream.tally);
    this.places = new Places(toPlaceLimits(upstream));
    this.breaker = new Breaker({
      settings: settings.breaker,
      random,
      onChange: (from, to, reason) => this.#tell(undefined, { from, to, reason }),
    });
    this.keys = new KeyRing(upstream.keys, {
      rest: settings.keyRest,
      breaker: settings.breaker,
      random,
      onChange: (key, change) => this.#tell(key.last4, change),
    });
  }

  get tier(): number {
    return this.upstream.tier ?? 0;
  }

  /** New settings for the same place. */
  update(upstream: Upstream, prepared: PreparedUpstream): void {
    this.upstream = upstream;
    this.prepared = prepared;
    this.keys.replace(upstream.keys);
    this.places.resize(toPlaceLimits(upstream));
  }

  retire(): void {
    this.isRetired = true;
    this.places.dismiss();
  }

  /** An answer has begun. */
  begin(hold: Hold, firstTokenMs: number): void {
    if (hold.hasBegun) return;
    hold.hasBegun = true;
    const now = this.#context.now();
    this.record.addFirstToken(firstTokenMs, now);
    this.breaker.answer(hold.pass, now);
    hold.lease.key.accept(hold.lease);
  }

  /** A request has ended; its place is free. */
  end(hold: Hold, ending: SlotEnding): void {
    const now = this.#context.now();
    if (ending.firstTokenMs !== undefined) this.begin(hold, ending.firstTokenMs);
    this.#settle(hold, ending, now);
    this.places.release();
  }

  health(): UpstreamHealth {
    const { now, wallClock } = this.#context;
    const present = now();
    const toWallTime = (at: number): number => Math.round(wallClock() + at - present);
    const { openUntil } = this.breaker;
    return {
      ...this.record.tally,
      id: this.upstream.id,
      name: this.upstream.name,
      breaker: this.breaker.state(present),
      openUntil: openUntil === undefined ? undefined : toWallTime(openUntil),
      keys: this.keys.health(present, toWallTime),
      inFlight: this.places.taken,
      waiting: this.places.waiting,
      firstTokenMs: this.record.firstTokenMs,
      lastFailure: this.record.lastFailure,
    };
  }

  #settle({ pass, lease }: Hold, ending: SlotEnding, now: number): void {
    const { outcome, message = outcome } = ending;
    switch (toBlame(outcome)) {
      case "nobody":
        this.record.addSuccess();
        this.breaker.succeed(pass, now);
        return lease.key.accept(lease);
      case "unknown":
        this.breaker.leave(pass);
        return lease.key.release(lease);
      case "request":
        this.breaker.answer(pass, now);
        return lease.key.release(lease);
      case "key":
        this.breaker.answer(pass, now);
        return this.#settleKey(lease, ending, now);
      case "upstream":
        this.record.addFailure(now, message);
        this.breaker.fail(pass, now, message);
        if (outcome === "overloaded") this.#spare(ending.retryAfterMs, now);
        // While the whole upstream is out, its keys are not to blame.
        if (this.keys.hasSeveral && this.breaker.isClosed) lease.key.fail(lease, now, message);
        else lease.key.release(lease);
    }
  }

  #settleKey(lease: KeyLease, { outcome, message = outcome, retryAfterMs }: SlotEnding, now: number): void {
    const { key } = lease;
    // The caller's own key: how it is concerns nobody else.
    if (this.upstream.passAuthorization === true) return key.release(lease);
    this.record.addFailure(now, message);
    if (outcome === "auth") key.refuse(lease, now, message);
    else if (outcome === "quota") key.exhaust(lease, now, message);
    else key.cool(lease, now, { reason: message, askedMs: retryAfterMs });
  }

  #spare(askedMs: number | undefined, now: number): void {
    if (askedMs === undefined || !(askedMs > 0)) return;
    const { coolMsMax } = this.#context.settings.keyRest;
    this.sparedUntil = Math.max(this.sparedUntil, now + Math.min(askedMs, coolMsMax));
  }

  #tell(keyLast4: string | undefined, change: Pick<HealthChange, "from" | "to" | "reason">): void {
    const { name, id } = this.upstream;
    this.#context.onHealthChange({ upstream: name, upstreamId: id, keyLast4, ...change });
  }
}
