import { hostname } from "node:os";
import type { Price } from "@llm-backend/contract";
import type { ConfigFile } from "./config-schema.ts";
import { readTokens } from "./configured-upstream.ts";
import { readAddress, type ListenAddress } from "./listen-address.ts";

/** Everything about `/v1` and who watches it; times in milliseconds. */
export type GatewayConfig = {
  /** Whose calls are let in. */
  readonly access: {
    /** The tokens that open the whole server. */
    readonly tokens: readonly string[];
    /** Those for the administration over REST. */
    readonly adminTokens: readonly string[];
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
    /** Whether upstreams are asked for their models. */
    readonly discovers: boolean;
    /** For a place in an upstream's queue. */
    readonly queueMs: number;
    /** JSON bodies, which are kept whole. */
    readonly bodyBytesMax: number;
    /** Everything else, which is passed on as it comes. */
    readonly uploadBytesMax: number;
    /** Whether the earlier gateway's admin calls show keys whole. */
    readonly showKeys: boolean;
    readonly retry: {
      /** Further attempts as a share of the requests of the last ten seconds: 0 to 1; */
      readonly share: number;
      /** or so many, */
      readonly retriesMin: number;
      /** or so many for each candidate, whichever is most. */
      readonly retriesMinPerCandidate: number;
    };
    readonly breaker: {
      readonly failuresInARow: number;
      /** Of at least so many requests of the window: 0 to 1. */
      readonly failureShare: number;
      readonly requestsMin: number;
      readonly windowMs: number;
      readonly openMs: number;
      readonly openMsMax: number;
    };
    /** How long a key of an upstream is not used. */
    readonly keyRest: {
      readonly rejectedMs: number;
      readonly quotaMs: number;
      readonly coolMs: number;
      readonly coolMsMax: number;
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
  readonly prices: readonly Price[];
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

const dayMs = 86_400_000;
const megabyte = 1_000_000;
const nanosPerDollar = 1_000_000_000;

/** Draws the conclusions from a valid configuration, as far as `/v1` goes. */
export function toGatewayConfig(file: ConfigFile): GatewayConfig {
  const machine = file.hostname ?? hostname();
  return {
    access: {
      tokens: readTokens(file.authorization),
      // As in the earlier gateway, whose scripts would be locked out otherwise.
      adminTokens: readTokens(file.admin_authorization ?? file.authorization),
      isOpen: file.noauth,
    },
    gateway: toGateway(file),
    records: {
      isEnabled: file.records.enabled ?? file.dbtype !== "none",
      bodies: file.records.bodies,
      bodyCharsMax: file.records.body_chars_max,
      keptMs: Math.round(file.records.days * dayMs),
      bytesMax: file.records.megabytes_max * megabyte,
      hostname: machine,
    },
    prices: Object.entries(file.prices).map(([model, price]) => ({ model, prices: toPrices(price) })),
    metrics: { listen: toListen(file.metrics.listen), token: file.metrics.token },
    alerts: { ...toAlerts(file.alerts), hostname: machine },
  };
}

function toGateway({ gateway, lb_policy: policy }: ConfigFile): GatewayConfig["gateway"] {
  const { retry, breaker, key_rest: rest } = gateway;
  return {
    policy,
    fallbacks: gateway.fallbacks,
    midstream: gateway.midstream,
    deadlineMs: toMs(gateway.deadline_seconds),
    discovers: gateway.discover,
    queueMs: toMs(gateway.queue_seconds),
    bodyBytesMax: gateway.body_bytes_max,
    uploadBytesMax: gateway.upload_bytes_max,
    showKeys: gateway.show_keys,
    retry: {
      share: retry.budget_percent / 100,
      retriesMin: retry.budget_min,
      retriesMinPerCandidate: retry.budget_min_per_upstream,
    },
    breaker: {
      failuresInARow: breaker.failures_in_a_row,
      failureShare: breaker.failures_percent / 100,
      requestsMin: breaker.requests_min,
      windowMs: toMs(breaker.window_seconds),
      openMs: toMs(breaker.open_seconds),
      openMsMax: toMs(breaker.open_seconds_max),
    },
    keyRest: {
      rejectedMs: toMs(rest.rejected_seconds),
      quotaMs: toMs(rest.quota_seconds),
      coolMs: toMs(rest.limited_seconds),
      coolMsMax: toMs(rest.limited_seconds_max),
    },
  };
}

function toPrices(price: ConfigFile["prices"][string]): Price["prices"] {
  const classes = {
    input: price.input,
    cachedInput: price.cached_input,
    cacheWrite: price.cache_write,
    audioInput: price.audio_input,
    output: price.output,
    reasoning: price.reasoning,
    audioOutput: price.audio_output,
    request: price.request,
  };
  const set = Object.entries(classes).flatMap(([name, dollars]) =>
    dollars === undefined ? [] : [[name, Math.round(dollars * nanosPerDollar)] as const],
  );
  return { input: 0, output: 0, ...Object.fromEntries(set) };
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
