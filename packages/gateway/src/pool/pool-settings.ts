/** When an upstream is left alone, and how it comes back. Times are milliseconds. */
export type BreakerSettings = {
  /** So many failures in a row open it. */
  readonly failuresInARow: number;
  /** Or this share of at least `requestsMin` requests within `windowMs`. */
  readonly failureShare: number;
  readonly requestsMin: number;
  readonly windowMs: number;
  /** How long it stays open at first; each time that it fails again, twice as long. */
  readonly openMs: number;
  readonly openMsMax: number;
  /** Open times are longer by up to this share of them, so that many do not come back at once. */
  readonly jitter: number;
  /** How often one request is let through all the same when no other candidate is left. */
  readonly probeEveryMs: number;
  /** How long it takes from the first answer after an outage until all requests come again. */
  readonly rampMs: number;
};

/** How long a key rests. Times are milliseconds. */
export type KeyRestSettings = {
  /** After the provider has refused it; each further time twice as long. */
  readonly rejectedMs: number;
  readonly rejectedMsMax: number;
  /** After a 429 that does not say how long; each further time twice as long. */
  readonly coolMs: number;
  /** The longest, whatever the provider says. */
  readonly coolMsMax: number;
  /** After its account was found empty; each further time twice as long. */
  readonly quotaMs: number;
  readonly quotaMsMax: number;
  /** Cool-downs of our own choice are longer by up to this share of them. */
  readonly jitter: number;
};

/** How often a request may be sent again. Times are milliseconds. */
export type RetrySettings = {
  readonly windowMs: number;
  /** Retries within the window may be this share of the requests, */
  readonly share: number;
  /** or so many, */
  readonly retriesMin: number;
  /** or so many for each candidate, whichever is most. */
  readonly retriesMinPerCandidate: number;
  /** How long is waited before the same upstream is asked a second time: a time between these two. */
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
};

/** The settings of a pool that are no policy. */
export type PoolSettings = {
  readonly breaker: BreakerSettings;
  readonly keyRest: KeyRestSettings;
  readonly retry: RetrySettings;
  /** How long a request waits for a place, in milliseconds. */
  readonly queueMs: number;
  /** An upstream that failed is no longer called unavailable after this time, in milliseconds. */
  readonly unavailableMs: number;
};

/** The settings of a pool unless its options say otherwise. */
export const defaultPoolSettings: PoolSettings = {
  breaker: {
    failuresInARow: 5,
    failureShare: 0.5,
    requestsMin: 20,
    windowMs: 10_000,
    openMs: 10_000,
    openMsMax: 300_000,
    jitter: 0.2,
    probeEveryMs: 1000,
    rampMs: 5000,
  },
  keyRest: {
    rejectedMs: 300_000,
    rejectedMsMax: 3_600_000,
    coolMs: 1000,
    coolMsMax: 60_000,
    quotaMs: 600_000,
    quotaMsMax: 3_600_000,
    jitter: 0.25,
  },
  retry: {
    windowMs: 10_000,
    share: 0.2,
    retriesMin: 3,
    retriesMinPerCandidate: 5,
    pauseMsMin: 100,
    pauseMsMax: 300,
  },
  queueMs: 10_000,
  unavailableMs: 60_000,
};

/** What the parts of a pool know time and chance from. */
export type PoolSources = {
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
};

/** A time that doubles with each repetition, up to a limit, and is longer by up to `jitter` of it. */
export function toGrowingMs(
  base: number,
  repetitions: number,
  { max, jitter, random }: { readonly max: number; readonly jitter: number; readonly random: () => number },
): number {
  // 2 ** 1100 is infinite, which the limit takes care of.
  return Math.min(max, base * 2 ** repetitions * (1 + jitter * random()));
}
