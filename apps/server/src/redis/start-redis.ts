import type { RunRelay, SharedLimits } from "@llm-backend/server";
import type { Logger } from "pino";
import type { RedisConfig } from "../config/redis-config.ts";
import type { WatchedRedis } from "../metrics/collect-redis.ts";
import { openRedisLink, type RedisLink } from "./redis-link.ts";
import { createRedisRelay } from "./relay/redis-relay.ts";
import { createRedisLimits } from "./shared-limits.ts";

/** Everything that Redis is used for. */
export type RedisParts = {
  /** What they all go through. */
  readonly link: RedisLink;
  readonly limits: SharedLimits;
  /** The way to the other processes; `secret` is one that all of them have. */
  readonly openRelay: (process: { readonly owner: string; readonly secret: string }) => RunRelay;
  /** How it is, in a few words: for `/readyz`. */
  readonly check: () => { readonly words: string; readonly isReady: boolean };
  readonly watch: () => WatchedRedis;
  readonly close: () => void;
};

const refusedMs = 60_000;

/** Connects to Redis, in the background: a Redis that is not there holds up nothing. */
export function startRedis(config: RedisConfig, logger: Logger): RedisParts {
  let refusedUntil = 0;
  const link = openRedisLink({
    config,
    onChange(state) {
      if (state.isOk) logger.info("Redis is used");
      else logger.warn(`Redis ${state.reason}; this process does without it for now`);
    },
    onRefused(word) {
      if (performance.now() < refusedUntil) return;
      refusedUntil = performance.now() + refusedMs;
      logger.warn(`Redis did not understand a command: ${word}`);
    },
  });
  const limits = createRedisLimits(link);
  return {
    link,
    limits,
    openRelay: (process) => createRedisRelay({ link, ...process }),
    check() {
      const { state } = link;
      const words = state.isOk ? "ok" : `degraded: ${state.reason}`;
      return { words, isReady: state.isOk || !config.isRequired };
    },
    watch: () => ({ isOk: link.state.isOk, ...link.stats }),
    close() {
      limits[Symbol.dispose]();
      link.close();
    },
  };
}
