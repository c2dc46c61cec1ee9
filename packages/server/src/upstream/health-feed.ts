import type { HealthEvent, UpstreamHealthView } from "@llm-backend/contract";
import type { HealthChange, UpstreamHealth } from "@llm-backend/gateway";
import { toDate } from "./upstream-view.ts";

/** Tells any number of followers how the upstreams are. */
export type HealthFeed = {
  /** Passes a change on, at once. */
  readonly note: (change: HealthChange) => void;
  /** Gives every follower the present figures. Happens by itself every `figuresMs` while there is a follower. */
  readonly publishFigures: () => void;
  /** How everybody is now, then every change, and the figures from time to time; until the signal. */
  readonly follow: (signal: AbortSignal) => AsyncGenerator<HealthEvent, void>;
  /** Ends every follower. */
  readonly close: () => void;
};

/** What the feed is made from. */
export type HealthFeedOptions = {
  readonly readHealth: () => readonly UpstreamHealth[];
  readonly now: () => number;
  readonly figuresMs: number;
};

type Follower = {
  readonly changes: HealthEvent[];
  wantsFigures: boolean;
  wake: () => void;
};

/** A follower that reads slower than upstreams fall over loses the oldest changes; the figures are always the newest. */
const changesMax = 100;

/** Creates a feed. What a follower has not read yet takes bounded room, however slowly it reads. */
export function createHealthFeed({ readHealth, now, figuresMs }: HealthFeedOptions): HealthFeed {
  const followers = new Set<Follower>();
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const toFigures = (): HealthEvent => ({
    type: "snapshot",
    at: new Date(now()),
    upstreams: readHealth().map(toHealthView),
  });

  function take(follower: Follower): HealthEvent | undefined {
    const change = follower.changes.shift();
    if (change !== undefined || !follower.wantsFigures) return change;
    follower.wantsFigures = false;
    return toFigures();
  }

  function publishFigures(): void {
    for (const follower of followers) {
      follower.wantsFigures = true;
      follower.wake();
    }
  }

  function join(): Follower & Disposable {
    const follower = { changes: [], wantsFigures: true, wake: () => {} };
    followers.add(follower);
    timer ??= setInterval(publishFigures, figuresMs).unref();
    const leave = () => {
      followers.delete(follower);
      if (followers.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
    return Object.assign(follower, { [Symbol.dispose]: leave });
  }

  return {
    note(change) {
      const event = toChangeEvent(change, now());
      for (const follower of followers) {
        follower.changes.push(event);
        if (follower.changes.length > changesMax) follower.changes.shift();
        follower.wake();
      }
    },
    publishFigures,
    async *follow(signal) {
      const ended = AbortSignal.any([signal, closing.signal]);
      using follower = join();
      ended.addEventListener("abort", () => follower.wake(), { once: true });
      while (!ended.aborted) {
        const event = take(follower);
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => (follower.wake = resolve));
      }
    },
    close: () => closing.abort(),
  };
}

function toHealthView(health: UpstreamHealth): UpstreamHealthView {
  return {
    upstreamId: health.id,
    name: health.name,
    breaker: health.breaker,
    openUntil: toDate(health.openUntil),
    keys: health.keys.map(({ last4, state, until }) => ({
      last4: last4 ?? null,
      state,
      until: toDate(until),
    })),
    inFlight: health.inFlight,
    waiting: health.waiting,
    firstTokenMs: health.firstTokenMs ?? null,
    lastFailure: health.lastFailure ?? null,
    successes: health.successes,
    failures: health.failures,
    lastSuccessAt: toDate(health.lastSuccessAt),
    lastFailureAt: toDate(health.lastFailureAt),
  };
}

function toChangeEvent(change: HealthChange, now: number): HealthEvent {
  return {
    type: "change",
    at: new Date(now),
    upstreamId: change.upstreamId,
    name: change.upstream,
    keyLast4: change.keyLast4 ?? null,
    from: change.from,
    to: change.to,
    reason: change.reason,
  };
}
