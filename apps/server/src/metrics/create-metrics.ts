import type { Usage } from "@llm-backend/contract";
import { AggregatorRegistry, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { createCounter, createHistogram } from "./cells.ts";
import { collectPressure, type HostSources } from "./collect-pressure.ts";
import { collectRedis, type WatchedRedis } from "./collect-redis.ts";
import { collectUpstreams } from "./collect-upstreams.ts";
import { createLabelLimit } from "./label-limit.ts";
import { toStatus } from "./request-status.ts";
import type {
  WatchedAttempt,
  WatchedHealthChange,
  WatchedRequest,
  WatchedUpstream,
} from "./watched-events.ts";

/** What is looked at when somebody reads the metrics. */
export type MetricSources = HostSources & {
  /** How every upstream is. */
  readonly health: () => readonly WatchedUpstream[];
  /** How many records could not be kept, since the start. */
  readonly recordsShed?: () => number;
  /** How Redis is, where the configuration names one. */
  readonly redis?: (() => WatchedRedis) | undefined;
};

/** The measurements of this process. Telling them something costs less than a microsecond, and never throws. */
export type Metrics = {
  attemptEnded(attempt: WatchedAttempt): void;
  healthChanged(change: WatchedHealthChange): void;
  /** To be followed by one `requestEnded`. */
  requestStarted(): void;
  requestEnded(request: WatchedRequest): void;
  /** A call was refused before it began: without a key, or over a limit. */
  requestRefused(request: Pick<WatchedRequest, "kind" | "status" | "error">): void;
  alertEnded(channel: string, outcome: "sent" | "failed" | "dropped"): void;
  /** Names what is looked at when somebody reads. */
  watch(sources: MetricSources): void;
  /** All of it, in Prometheus' text format. */
  render(): Promise<string>;
  /** All of it, as plain data: to be put together with that of other processes. */
  collect(): Promise<CollectedMetrics>;
  readonly contentType: string;
};

/** The measurements of one process, as plain data. */
export type CollectedMetrics = readonly object[];

/** Puts the measurements of processes that serve together into one text: what each counted is added up. */
export function renderTogether(collected: readonly CollectedMetrics[]): Promise<string> {
  // The type asks for more than the function reads.
  return AggregatorRegistry.aggregate(collected as never).metrics();
}

/** The most upstreams that have lines of their own; what the others do is counted as `other`. */
const upstreamsMax = 200;

// Prometheus' own choice ends at ten seconds, where long answers begin.
const durations = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const firstTokens = [0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60];

const tokenClasses = {
  promptTokens: "input",
  cachedTokens: "cached_input",
  cacheWriteTokens: "cache_write",
  audioInputTokens: "audio_input",
  completionTokens: "output",
  reasoningTokens: "reasoning",
  audioOutputTokens: "audio_output",
} as const satisfies Record<keyof Usage, string>;
const tokenFields = Object.keys(tokenClasses) as (keyof Usage)[];

/** Creates the measurements, those of the process and its event loop among them. */
export function createMetrics({ version }: { readonly version: string }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const cells = createAllCells(registry);
  const toLabel = createLabelLimit(upstreamsMax);
  let inFlight = 0;
  let sources: Partial<MetricSources> = {};

  addGauges(registry, { version, inFlight: () => inFlight });
  collectUpstreams(registry, { health: () => sources.health?.(), upstreamsMax });
  collectRedis(registry, () => sources.redis?.());
  collectPressure(registry, () => sources);
  const shed = createCounter(registry, {
    name: "llm_backend_records_shed_total",
    help: "Records of calls that could not be kept.",
    labels: [],
  })("");

  const countRequest: Metrics["requestRefused"] = ({ kind, status, error }) => {
    cells.requests(kind, toStatusClass(toStatus({ status, error })), error?.code ?? "done").count++;
  };

  return {
    contentType: registry.contentType,
    attemptEnded({ upstream, outcome, firstTokenMs, framesMalformed, usage }) {
      const name = toLabel(upstream);
      cells.attempts(name, outcome).count++;
      if (firstTokenMs !== undefined) cells.firstToken(name).observe(firstTokenMs / 1000);
      if (framesMalformed > 0) cells.framesMalformed(name).count += framesMalformed;
      // What a failed attempt has used counts for nobody.
      if (usage === undefined || outcome !== "done") return;
      for (const field of tokenFields) {
        const tokens = usage[field];
        if (tokens !== undefined && tokens > 0) cells.tokens(name, tokenClasses[field]).count += tokens;
      }
    },
    healthChanged({ upstream, keyLast4, to }) {
      const what = keyLast4 === undefined ? "upstream" : "key";
      cells.healthChanges(toLabel(upstream), what, to).count++;
    },
    requestStarted() {
      inFlight++;
    },
    requestEnded(request) {
      const { kind, firstByteMs, totalMs } = request;
      inFlight--;
      countRequest(request);
      cells.requestDuration(kind).observe(totalMs / 1000);
      if (firstByteMs !== undefined) cells.firstByte(kind).observe(firstByteMs / 1000);
    },
    requestRefused: countRequest,
    alertEnded(channel, outcome) {
      cells.alerts(channel, outcome).count++;
    },
    watch(given) {
      sources = given;
    },
    render() {
      shed.count = sources.recordsShed?.() ?? 0;
      return registry.metrics();
    },
    async collect() {
      shed.count = sources.recordsShed?.() ?? 0;
      return registry.getMetricsAsJSON();
    },
  };
}

function createAllCells(registry: Registry) {
  return {
    requests: createCounter(registry, {
      name: "llm_backend_requests_total",
      help: "Calls under /v1 that have ended. outcome: done, or the code of the error.",
      labels: ["kind", "status", "outcome"],
    }),
    requestDuration: createHistogram(registry, {
      name: "llm_backend_request_duration_seconds",
      help: "From a call under /v1 to the end of its answer.",
      labels: ["kind"],
      bounds: durations,
    }),
    firstByte: createHistogram(registry, {
      name: "llm_backend_request_first_byte_seconds",
      help: "From a call under /v1 to the first byte of its answer.",
      labels: ["kind"],
      bounds: durations,
    }),
    attempts: createCounter(registry, {
      name: "llm_backend_attempts_total",
      help: "Attempts at upstreams that have ended.",
      labels: ["upstream", "outcome"],
    }),
    firstToken: createHistogram(registry, {
      name: "llm_backend_first_token_seconds",
      help: "From the start of an attempt to the first piece of its answer.",
      labels: ["upstream"],
      bounds: firstTokens,
    }),
    framesMalformed: createCounter(registry, {
      name: "llm_backend_frames_malformed_total",
      help: "Frames of streams that could not be read.",
      labels: ["upstream"],
    }),
    tokens: createCounter(registry, {
      name: "llm_backend_tokens_total",
      help: "Tokens as the upstreams reported them. cached_input, cache_write and audio_input are parts of input; reasoning and audio_output of output.",
      labels: ["upstream", "class"],
    }),
    healthChanges: createCounter(registry, {
      name: "llm_backend_health_changes_total",
      help: "How often an upstream, or one of its keys, was taken out or came back.",
      labels: ["upstream", "what", "to"],
    }),
    alerts: createCounter(registry, {
      name: "llm_backend_alerts_total",
      help: "Messages to the alert channels.",
      labels: ["channel", "outcome"],
    }),
  };
}

function addGauges(registry: Registry, given: { version: string; inFlight: () => number }): void {
  new Gauge({
    name: "llm_backend_info",
    help: "The version that runs.",
    labelNames: ["version"],
    aggregator: "first",
    registers: [registry],
  }).set({ version: given.version }, 1);
  const inFlight: Gauge = new Gauge({
    name: "llm_backend_requests_in_flight",
    help: "Calls under /v1 that are being answered.",
    registers: [],
    collect: () => inFlight.set(given.inFlight()),
  });
  registry.registerMetric(inFlight);
}

/** `2xx` and its like. */
function toStatusClass(status: number | undefined): string {
  return status === undefined ? "none" : `${Math.trunc(status / 100)}xx`;
}
