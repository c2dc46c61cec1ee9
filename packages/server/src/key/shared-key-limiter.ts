import type { Place, RateVerdict, SharedLimits } from "../limit/shared-limits.ts";
import type { KeyLimits } from "./access.ts";
import {
  refuseConcurrent,
  refuseRate,
  toCountedTokens,
  type Held,
  type TokenEstimate,
} from "./key-limiter.ts";
import { toRateLimitHeaders } from "./rate-limit-headers.ts";

/** A request that this process has let in, and what it would use of its key. */
export type SharedDemand = {
  readonly keyId: string;
  readonly limits: KeyLimits;
  readonly estimate: TokenEstimate;
  readonly held: Held;
};

/**
 * Asks what the other processes have let in beside. Where nobody can be asked, this process' own count has to do.
 *
 * @throws DomainError `rate_limited`; the request is not counted then, here or elsewhere.
 */
export async function holdShared(shared: SharedLimits, demand: SharedDemand): Promise<Held> {
  let place: Place | undefined;
  try {
    place = await takePlace(shared, demand);
    const rate = await takeRate(shared, demand);
    return withShared(demand, { place, rate });
  } catch (error) {
    place?.release();
    demand.held.cancel();
    throw error;
  }
}

async function takePlace(shared: SharedLimits, { keyId, limits }: SharedDemand): Promise<Place | undefined> {
  const { concurrentMax } = limits;
  if (concurrentMax === null) return undefined;
  const place = await shared.takePlace(`key:${keyId}`, concurrentMax);
  if (place === "full") throw refuseConcurrent(concurrentMax);
  return place;
}

type Taken = Extract<RateVerdict, { isTaken: true }>;

async function takeRate(shared: SharedLimits, demand: SharedDemand): Promise<Taken | undefined> {
  const { requestsPerMinute, tokensPerMinute } = demand.limits;
  if (requestsPerMinute === null && tokensPerMinute === null) return undefined;
  const tokens = toCountedTokens(demand.limits, demand.estimate);
  const verdict = await shared.takeRate(`key:${demand.keyId}`, {
    requestsPerMinute,
    tokensPerMinute,
    tokens,
  });
  if (verdict === undefined || verdict.isTaken) return verdict;
  throw refuseRate(demand.limits, verdict);
}

/** The request, counted here and elsewhere. */
function withShared(
  { held, limits, estimate }: SharedDemand,
  { place, rate }: { place: Place | undefined; rate: Taken | undefined },
): Held {
  const expected = toCountedTokens(limits, estimate);
  let isOver = false;
  const end = (tellOthers: () => void) => {
    if (isOver) return;
    isOver = true;
    place?.release();
    tellOthers();
  };
  return {
    headers: rate === undefined ? held.headers : toHeaders(limits, rate),
    release(used = expected) {
      held.release(used);
      end(() => rate?.taken.correct(used - expected));
    },
    cancel() {
      held.cancel();
      end(() => rate?.taken.cancel());
    },
  };
}

function toHeaders(
  { requestsPerMinute, tokensPerMinute }: KeyLimits,
  { used }: Taken,
): Record<string, string> {
  const { requests, tokens, resetMs } = used;
  return {
    ...(requestsPerMinute !== null &&
      toRateLimitHeaders("requests", { limit: requestsPerMinute, used: requests, resetMs })),
    ...(tokensPerMinute !== null &&
      toRateLimitHeaders("tokens", { limit: tokensPerMinute, used: tokens, resetMs })),
  };
}
