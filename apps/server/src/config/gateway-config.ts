import { hostname } from "node:os";
import type { ConfigFile } from "./config-schema.ts";
import { readTokens } from "./configured-upstream.ts";
import { readAddress, type ListenAddress } from "./listen-address.ts";

/** Everything about `/v1` and who watches it; times in milliseconds. */
export type GatewayConfig = {
  /** Whose calls are let in. */
  readonly access: {
    /** The tokens that open the whole server. */
    readonly tokens: readonly string[];
    /** Nobody needs one. */
    readonly isOpen: boolean;
  };
  readonly gateway: {
    readonly policy: ConfigFile["lb_policy"];
    /** A model → the models to ask when nobody can answer with it. */
    readonly fallbacks: Readonly<Record<string, readonly string[]>>;
    /** For upstreams that say nothing of it. */
    readonly midstream: ConfigFile["gateway"]["midstream"];
    /** For all attempts of one call until its answer begins. */
    readonly deadlineMs: number;
    /** For a place in an upstream's queue. */
    readonly queueMs: number;
    /** JSON bodies, which are kept whole. */
    readonly bodyBytesMax: number;
    /** Everything else, which is passed on as it comes. */
    readonly uploadBytesMax: number;
    /** Whether the earlier gateway's admin calls show keys whole. */
    readonly showKeys: boolean;
    readonly retry: {
      /** Further attempts as a share of the requests of the last ten seconds: 0 to 1. */
      readonly budgetShare: number;
      /** So many are allowed in any case. */
      readonly budgetMin: number;
    };
    readonly breaker: {
      readonly failuresInARow: number;
      /** Of the attempts of the window: 0 to 1. */
      readonly failuresShare: number;
      readonly attemptsMin: number;
      readonly windowMs: number;
      readonly openMs: number;
      readonly openMsMax: number;
    };
  };
  readonly records: {
    readonly isEnabled: boolean;
    readonly bodies: ConfigFile["records"]["bodies"];
    readonly bodyCharsMax: number;
    readonly keptMs: number;
    readonly bytesMax: number;
    /** What records call this machine. */
    readonly hostname: string;
  };
  /** By model (or pattern), in dollars per million tokens. */
  readonly prices: Readonly<Record<string, ModelPrice>>;
  readonly metrics: {
    readonly listen: ListenAddress | undefined;
    readonly token: string | undefined;
  };
  readonly alerts: {
    readonly feishuWebhook: string | undefined;
    readonly matrix:
      | { readonly homeserver: string; readonly room: string; readonly token: string }
      | undefined;
    readonly matrixApi: string | undefined;
    readonly webhook: string | undefined;
    readonly intervalMs: number;
    /** What alerts call this machine. */
    readonly hostname: string;
  };
};

/** The price of a model in dollars per million tokens; a class that is missing costs as much as the one it is a part of. */
export type ModelPrice = {
  readonly input?: number;
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  readonly output?: number;
  readonly reasoning?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
};

const dayMs = 86_400_000;
const megabyte = 1_000_000;

/** Draws the conclusions from a valid configuration, as far as `/v1` goes. */
export function toGatewayConfig(file: ConfigFile): GatewayConfig {
  const machine = file.hostname ?? hostname();
  return {
    access: { tokens: readTokens(file.authorization), isOpen: file.noauth },
    gateway: toGateway(file),
    records: {
      isEnabled: file.records.enabled ?? file.dbtype !== "none",
      bodies: file.records.bodies,
      bodyCharsMax: file.records.body_chars_max,
      keptMs: Math.round(file.records.days * dayMs),
      bytesMax: file.records.megabytes_max * megabyte,
      hostname: machine,
    },
    prices: Object.fromEntries(Object.entries(file.prices).map(([model, price]) => [model, toPrice(price)])),
    metrics: { listen: toListen(file.metrics.listen), token: file.metrics.token },
    alerts: { ...toAlerts(file.alerts), hostname: machine },
  };
}

function toGateway({ gateway, lb_policy: policy }: ConfigFile): GatewayConfig["gateway"] {
  const { retry, breaker } = gateway;
  return {
    policy,
    fallbacks: gateway.fallbacks,
    midstream: gateway.midstream,
    deadlineMs: toMs(gateway.deadline_seconds),
    queueMs: toMs(gateway.queue_seconds),
    bodyBytesMax: gateway.body_bytes_max,
    uploadBytesMax: gateway.upload_bytes_max,
    showKeys: gateway.show_keys,
    retry: { budgetShare: retry.budget_percent / 100, budgetMin: retry.budget_min },
    breaker: {
      failuresInARow: breaker.failures_in_a_row,
      failuresShare: breaker.failures_percent / 100,
      attemptsMin: breaker.attempts_min,
      windowMs: toMs(breaker.window_seconds),
      openMs: toMs(breaker.open_seconds),
      openMsMax: toMs(breaker.open_seconds_max),
    },
  };
}

function toPrice(price: ConfigFile["prices"][string]): ModelPrice {
  const entries = {
    input: price.input,
    cachedInput: price.cached_input,
    cacheWrite: price.cache_write,
    output: price.output,
    reasoning: price.reasoning,
    audioInput: price.audio_input,
    audioOutput: price.audio_output,
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

function toAlerts(alerts: ConfigFile["alerts"]): Omit<GatewayConfig["alerts"], "hostname"> {
  return {
    feishuWebhook: alerts.feishu_webhook,
    matrix: alerts.matrix,
    matrixApi: alerts.matrix_api,
    webhook: alerts.webhook,
    intervalMs: toMs(alerts.interval_seconds),
  };
}

function toListen(listen: string | number | undefined): ListenAddress | undefined {
  return listen === undefined ? undefined : readAddress(listen);
}

const toMs = (seconds: number) => Math.round(seconds * 1_000);
