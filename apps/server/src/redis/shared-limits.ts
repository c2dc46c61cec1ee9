import { randomUUID } from "node:crypto";
import type { RateDemand, RateVerdict, SharedLimits, TakenRate, WindowCounter } from "@llm-backend/server";
import { createPlaceKeeper } from "./place-keeper.ts";
import { unavailable, type RedisLink } from "./redis-link.ts";

/** The counts that processes share, kept in Redis. Closing it gives back the places that are held. */
export type RedisLimits = SharedLimits & Disposable;

const toLimit = (limit: number | null): number => limit ?? -1;

/** Creates the counts. All that is counted expires: a window with its end, a minute a minute later. */
export function createRedisLimits(link: RedisLink): RedisLimits {
  const places = createPlaceKeeper(link);

  function openWindow(name: string, seconds: number): WindowCounter {
    const toKey = (key: string) => link.key(`window:${name}:${key}`);
    return {
      async add(key, amount) {
        const answer = await link.ask((client) => client.countInWindow(toKey(key), amount, seconds * 1000));
        return answer === unavailable ? undefined : { count: answer[0], resetMs: answer[1] };
      },
      async forget(key) {
        await link.ask((client) => client.del(toKey(key)));
      },
    };
  }

  async function takeRate(name: string, demand: RateDemand): Promise<RateVerdict | undefined> {
    const key = link.key(`rate:${name}`);
    const { requestsPerMinute, tokensPerMinute, tokens } = demand;
    const answer = await link.ask((client) =>
      client.takeOfMinute(key, toLimit(requestsPerMinute), toLimit(tokensPerMinute), tokens),
    );
    if (answer === unavailable) return undefined;
    const [waitRequests, waitTokens, mark, requests, used, resetMs] = answer;
    if (waitRequests > 0) return { isTaken: false, which: "requests", waitMs: waitRequests };
    if (waitTokens > 0) return { isTaken: false, which: "tokens", waitMs: waitTokens };
    const settle = (requestsBack: number, tokensMore: number) =>
      void link.ask((client) => client.settleMinute(key, mark, requestsBack, tokensMore));
    const taken: TakenRate = {
      correct: (more) => more !== 0 && settle(0, more),
      cancel: () => settle(1, -tokens),
    };
    return { isTaken: true, used: { requests, tokens: used, resetMs }, taken };
  }

  return {
    openWindow,
    takeRate,
    takePlace: (name, placesMax) => places.take(link.key(`places:${name}`), { id: randomUUID(), placesMax }),
    [Symbol.dispose]: () => places[Symbol.dispose](),
  };
}
