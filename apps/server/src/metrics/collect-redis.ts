import { Counter, Gauge, type Registry } from "prom-client";

/** How Redis is, and what was asked of it since the start. */
export type WatchedRedis = {
  readonly isOk: boolean;
  readonly commands: number;
  readonly failures: number;
  readonly timeouts: number;
  readonly skipped: number;
};

const counters = {
  commands: "Commands that were sent to Redis.",
  failures: "Commands to Redis that brought no answer that could be used.",
  timeouts: "Those of them that took longer than 250 ms.",
  skipped: "Commands that were not sent, since Redis was known not to answer.",
} as const satisfies Record<Exclude<keyof WatchedRedis, "isOk">, string>;

/** Adds what Redis is like at the moment somebody reads; without Redis there is nothing to read. */
export function collectRedis(registry: Registry, look: () => WatchedRedis | undefined): void {
  const state: Gauge = new Gauge({
    name: "llm_backend_redis_ok",
    help: "1: Redis is used. 0: this process does without it for now.",
    aggregator: "min",
    registers: [],
    collect() {
      const redis = look();
      state.reset();
      if (redis === undefined) state.remove();
      if (redis === undefined) state.remove();
      else state.set(redis.isOk ? 1 : 0);
    },
  });
  registry.registerMetric(state);
  for (const [name, help] of Object.entries(counters)) {
    const counter: Counter = new Counter({
      name: `llm_backend_redis_${name}_total`,
      help,
      registers: [],
      collect() {
        counter.reset();
        counter.inc(look()?.[name as keyof typeof counters] ?? 0);
      },
    });
    registry.registerMetric(counter);
  }
}
