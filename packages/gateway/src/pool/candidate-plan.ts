import type { BalancePolicy } from "../upstream.ts";
import { isPassing, toBlame } from "./blame.ts";
import type { Hold, Member, MemberContext } from "./member.ts";
import type { Candidates } from "./model-index.ts";
import { choosePolicy } from "./policy/choose-policy.ts";
import type { Draw } from "./policy/draw.ts";
import type { PoolKey } from "./pool-key.ts";
import type { Plan, PlanRefusal, Slot, SlotEnding } from "./pool.ts";
import { toRefusal, type Obstacle, type PassedBy } from "./refusal.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { sleep } from "./sleep.ts";

/** What a plan works with. */
export type PlanContext = MemberContext & { readonly policy: BalancePolicy; readonly budget: RetryBudget };

/** One request for a model. */
export type PlanInput = {
  readonly model: string;
  readonly candidates: Candidates;
  readonly mayUse: ((upstreamId: string) => boolean) | undefined;
  /** The asker's own key, in place of the upstream's. */
  readonly ownKey: string | undefined;
};

/** What became of asking a member. */
type Ask = { readonly member: Member; readonly keys: Set<PoolKey>; endings: SlotEnding[] };

/**
 * Walks the candidates of one request, tier by tier in the order of the policy. Who cannot be asked at once is passed by
 * and looked at again when the others are through: to wait for a place, or to see whether an outage is over.
 */
export class CandidatePlan implements Plan {
  readonly #context: PlanContext;
  readonly #input: PlanInput;
  readonly #asks = new Map<Member, Ask>();
  readonly #passedBy = new Map<Member, PassedBy>();
  #group = -1;
  #draw: Draw = () => undefined;
  #latest: Ask | undefined;
  /** Counts the times that somebody was looked for. */
  #round = 0;
  #hasWaited = false;
  #hasAskedAgain = false;

  constructor(context: PlanContext, input: PlanInput) {
    this.#context = context;
    this.#input = input;
  }

  next(signal: AbortSignal): Slot | undefined | Promise<Slot | undefined> {
    if (signal.aborted) return undefined;
    const slot = this.#takeNextKey() ?? this.#takeNextMember();
    if (slot !== undefined) return slot;
    const room = this.#hasWaited ? undefined : this.#findRoom();
    return room === undefined ? this.#takeLast(signal) : this.#waitAt(room, signal);
  }

  get refusal(): PlanRefusal {
    return toRefusal(this.#passedBy, this.#asks.size > 0, this.#context.now());
  }

  /** A key that is refused, limited or empty says nothing of the others. */
  #takeNextKey(): Slot | undefined {
    const ask = this.#latest;
    const ending = ask?.endings.at(-1);
    if (ask === undefined || ending === undefined || toBlame(ending.outcome) !== "key") return undefined;
    return this.#input.ownKey === undefined ? this.#take(ask.member, ask.keys) : undefined;
  }

  #takeNextMember(): Slot | undefined {
    this.#round++;
    for (let member = this.#drawMember(); member !== undefined; member = this.#drawMember()) {
      const slot = this.#consider(member);
      if (slot !== undefined) return slot;
    }
    // Meanwhile a place may have become free, or an outage may be over.
    for (const [member, { round }] of this.#passedBy) {
      const slot = round === this.#round ? undefined : this.#consider(member);
      if (slot !== undefined) return slot;
    }
    return undefined;
  }

  #drawMember(): Member | undefined {
    for (;;) {
      const member = this.#draw();
      if (member !== undefined) return member;
      const group = this.#input.candidates.groups[++this.#group];
      if (group === undefined) {
        this.#draw = () => undefined;
        return undefined;
      }
      this.#draw = choosePolicy(this.#context.policy)(group, this.#context);
    }
  }

  #consider(member: Member): Slot | undefined {
    const { mayUse } = this.#input;
    if (this.#asks.has(member) || member.isRetired) return undefined;
    if (mayUse !== undefined && !mayUse(member.upstream.id)) return undefined;
    return this.#take(member);
  }

  /** Takes a place and a key there, or notes why that cannot be. */
  #take(member: Member, asked?: ReadonlySet<PoolKey>): Slot | undefined {
    const now = this.#context.now();
    const obstacle = this.#findObstacle(member, asked, now);
    if (obstacle === undefined) return member.places.take() ? this.#open(member) : undefined;
    this.#passedBy.set(member, { ...obstacle, at: now, round: this.#round });
    return undefined;
  }

  #findObstacle(member: Member, asked: ReadonlySet<PoolKey> | undefined, now: number): Obstacle | undefined {
    if (!member.breaker.mayEnter(now)) return { reason: "resting", waitMs: member.breaker.waitMs(now) };
    if (member.keys.choose(now, asked) === undefined) return member.keys.rest(now);
    // One that has done nothing wrong is never refused: asking it is what the others' failures are answered with.
    if (asked === undefined && !this.#fitsBudget(member, now)) return { reason: "budget", waitMs: undefined };
    return member.places.isFull ? { reason: "full", waitMs: undefined } : undefined;
  }

  #fitsBudget(member: Member, now: number): boolean {
    const { budget, settings } = this.#context;
    if (this.#asks.size === 0 || !member.breaker.isClosed) return true;
    if (!member.record.failedWithin(settings.retry.windowMs, now)) return true;
    return budget.allows(now, this.#input.candidates.count);
  }

  /** Makes the slot; a place has been taken. No key is used twice, unless the second time is meant. */
  #open(member: Member, mayRepeat = false): Slot | undefined {
    const now = this.#context.now();
    const key = member.keys.choose(now, mayRepeat ? undefined : this.#asks.get(member)?.keys);
    const model = member.prepared.findModel(this.#input.model);
    if (key === undefined || model === undefined) {
      member.places.release();
      return undefined;
    }
    if (this.#asks.size === 0) this.#context.budget.countRequest(now);
    else this.#context.budget.countRetry(now);
    this.#passedBy.delete(member);
    const ask = this.#asks.get(member) ?? { member, keys: new Set<PoolKey>(), endings: [] };
    ask.keys.add(key);
    this.#asks.set(member, ask);
    this.#latest = ask;
    member.takenAt = now;
    const hold = { pass: member.breaker.enter(now), lease: member.keys.take(key), hasBegun: false };
    return this.#toSlot(ask, hold, model);
  }

  #toSlot(ask: Ask, hold: Hold, model: string): Slot {
    const { member } = ask;
    let isEnded = false;
    return {
      upstream: member.prepared,
      key: this.#input.ownKey ?? hold.lease.key.value,
      model,
      clocks: member.prepared.clocksFor(model),
      began: (firstTokenMs) => {
        if (!isEnded) member.begin(hold, firstTokenMs);
      },
      end: (ending) => {
        if (isEnded) return;
        isEnded = true;
        ask.endings.push(ending);
        member.end(hold, ending);
      },
    };
  }

  #findRoom(): Member | undefined {
    for (const [member, { reason }] of this.#passedBy)
      if (reason === "full" && !member.isRetired && member.places.hasRoom) return member;
    return undefined;
  }

  async #waitAt(member: Member, signal: AbortSignal): Promise<Slot | undefined> {
    this.#hasWaited = true;
    const isGranted = await member.places.wait(this.#context.settings.queueMs, signal);
    if (isGranted) {
      const slot = this.#openGranted(member, signal);
      if (slot !== undefined) return slot;
    }
    if (signal.aborted) return undefined;
    return this.#takeNextMember() ?? this.#takeLast(signal);
  }

  /** The place that was waited for is of use only if the upstream still is. */
  #openGranted(member: Member, signal: AbortSignal): Slot | undefined {
    const now = this.#context.now();
    if (signal.aborted || member.isRetired || !member.breaker.mayEnter(now)) {
      member.places.release();
      return undefined;
    }
    return this.#open(member);
  }

  /** Everybody who could be asked was asked. */
  #takeLast(signal: AbortSignal): Slot | undefined | Promise<Slot | undefined> {
    return this.#takeEarly() ?? this.#askAgain(signal);
  }

  /** Sees whether one of those is back that were left alone. */
  #takeEarly(): Slot | undefined {
    const now = this.#context.now();
    for (const [member, { reason }] of this.#passedBy) {
      if (reason !== "resting" || member.isRetired || !member.breaker.mayEnter(now, true)) continue;
      const slot = member.places.take() ? this.#open(member) : undefined;
      if (slot !== undefined) return slot;
    }
    return undefined;
  }

  /** One upstream that stumbled may be asked a second time, after a pause. */
  #askAgain(signal: AbortSignal): Promise<Slot | undefined> | undefined {
    const { settings, random, now, budget } = this.#context;
    const { pauseMsMin, pauseMsMax } = settings.retry;
    if (this.#hasAskedAgain || !budget.allows(now(), this.#input.candidates.count)) return undefined;
    const ask = this.#asks.values().find((one) => mayBeAskedAgain(one, pauseMsMax, now()));
    if (ask === undefined) return undefined;
    this.#hasAskedAgain = true;
    const pauseMs = pauseMsMin + random() * (pauseMsMax - pauseMsMin);
    const waitMs = Math.max(pauseMs, ask.endings[0]?.retryAfterMs ?? 0);
    return this.#reopen(ask.member, waitMs, signal);
  }

  async #reopen(member: Member, waitMs: number, signal: AbortSignal): Promise<Slot | undefined> {
    await sleep(waitMs, signal);
    if (signal.aborted || member.isRetired || !member.breaker.isClosed) return undefined;
    return member.places.take() ? this.#open(member, true) : undefined;
  }
}

function mayBeAskedAgain({ member, endings }: Ask, waitMsMax: number, now: number): boolean {
  const [ending] = endings;
  if (ending === undefined || endings.length > 1 || !isPassing(ending.outcome)) return false;
  if ((ending.retryAfterMs ?? 0) > waitMsMax || member.isRetired) return false;
  return member.breaker.isClosed && member.keys.choose(now) !== undefined;
}
