import { Counter, Gauge, type Registry } from "prom-client";
import type { PressureState } from "../pressure/watch-pressure.ts";

/** What is looked at of the process and its host. */
export type HostSources = {
  /** What the process is short of. */
  readonly pressure?: () => PressureState;
  /** The size of the database's own log. */
  readonly databaseLogBytes?: () => number;
  /** How many lines of the log could not be written. */
  readonly logLinesDropped?: (() => number) | undefined;
};

/** Adds what the process is short of, at the moment somebody reads. */
export function collectPressure(registry: Registry, look: () => HostSources): void {
  const gauges: Readonly<Record<string, readonly [string, (reading: HostSources) => number | undefined]>> = {
    event_loop_lag_seconds: [
      "By how much the event loop was late at the last look.",
      ({ pressure }) => (pressure?.().loopLagMs ?? 0) / 1000,
    ],
    heap_share: ["The share of the heap that is in use.", ({ pressure }) => pressure?.().heapShare],
    descriptors_open: [
      "Descriptors in use: files and sockets.",
      ({ pressure }) => pressure?.().descriptors.used,
    ],
    descriptors_max: ["How many there may be.", ({ pressure }) => pressure?.().descriptors.max],
    database_log_bytes: [
      "The size of the log that the database writes before its file.",
      ({ databaseLogBytes }) => databaseLogBytes?.(),
    ],
  };
  for (const [name, [help, read]] of Object.entries(gauges)) {
    const gauge: Gauge = new Gauge({
      name: `llm_backend_${name}`,
      help,
      aggregator: "max",
      registers: [],
      collect: () => gauge.set(read(look()) ?? 0),
    });
    registry.registerMetric(gauge);
  }
  const shed: Counter = new Counter({
    name: "llm_backend_requests_shed_total",
    help: "Requests and connections that were refused because the process was short of something.",
    labelNames: ["reason"],
    registers: [],
    collect() {
      shed.reset();
      for (const [reason, count] of Object.entries(look().pressure?.().shed ?? {}))
        shed.inc({ reason }, count);
    },
  });
  registry.registerMetric(shed);
  const dropped: Counter = new Counter({
    name: "llm_backend_log_lines_dropped_total",
    help: "Lines of the log that standard output could not take.",
    registers: [],
    collect() {
      dropped.reset();
      dropped.inc(look().logLinesDropped?.() ?? 0);
    },
  });
  registry.registerMetric(dropped);
}
