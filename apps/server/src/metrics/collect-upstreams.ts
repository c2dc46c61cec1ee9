import { Gauge, type Registry } from "prom-client";
import type { WatchedUpstream } from "./watched-events.ts";

const breakerStates = { closed: 0, half_open: 1, open: 2 } as const;

/** The labels of a gauge, and what is made of it where several processes serve: their sum, unless it says otherwise. */
type GaugeOptions<TLabel extends string> = {
  readonly labelNames: readonly TLabel[];
  readonly aggregator?: "average" | "max";
};

/** Adds what upstreams are like at the moment somebody reads; only so many of them have lines of their own. */
export function collectUpstreams(
  registry: Registry,
  given: {
    /** Undefined for a process that asks no upstreams: its zeros would count where processes are put together. */
    readonly health: () => readonly WatchedUpstream[] | undefined;
    readonly upstreamsMax: number;
  },
): void {
  const gauge = <TLabel extends string>(name: string, help: string, options: GaugeOptions<TLabel>) =>
    new Gauge({ name: `llm_backend_${name}`, help, ...options, registers: [registry] });
  const counts = new Gauge({
    name: "llm_backend_upstreams",
    help: "How many upstreams there are, by the state of their breakers.",
    labelNames: ["breaker"],
    aggregator: "average",
    registers: [registry],
    // The first one that is registered fills the others too: one look at the pool for each reader.
    collect: () => collect(),
  });
  const breaker = gauge("upstream_breaker_state", "0: requests go to it. 1: one to see how it is. 2: none.", {
    labelNames: ["upstream"],
    aggregator: "max",
  });
  const inFlight = gauge("upstream_in_flight", "Requests that it is answering.", {
    labelNames: ["upstream"],
  });
  const waiting = gauge("upstream_waiting", "Requests that wait for a place at it.", {
    labelNames: ["upstream"],
  });
  const keys = gauge("upstream_keys", "Its keys, by their state.", {
    labelNames: ["upstream", "state"],
    aggregator: "average",
  });

  function collect(): void {
    const upstreams = given.health();
    for (const metric of [counts, breaker, inFlight, waiting, keys]) metric.reset();
    if (upstreams === undefined) return;
    for (const state of Object.keys(breakerStates)) counts.set({ breaker: state }, 0);
    for (const upstream of upstreams) counts.inc({ breaker: upstream.breaker });
    for (const upstream of upstreams.slice(0, given.upstreamsMax)) {
      breaker.set({ upstream: upstream.name }, breakerStates[upstream.breaker]);
      inFlight.set({ upstream: upstream.name }, upstream.inFlight);
      waiting.set({ upstream: upstream.name }, upstream.waiting);
      for (const { state } of upstream.keys) keys.inc({ upstream: upstream.name, state });
    }
  }
}
