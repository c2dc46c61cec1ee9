import {
  providers as knownProviders,
  type ProbeReport,
  type Provider,
  type Upstream,
} from "@llm-backend/gateway";
import { composeGateway } from "./compose-gateway.ts";
import type { Config } from "./config/to-config.ts";
import { createLogger } from "./logging/create-logger.ts";

/** Asks upstreams what they are and can, as the server would. */
export type Prober = AsyncDisposable & {
  probe(upstream: Upstream, options?: { model?: string; signal?: AbortSignal }): Promise<ProbeReport>;
};

/** Creates what commands look at upstreams with; it has none of its own, and logs nothing. */
export function createProber(config: Config): Prober {
  const { logger } = createLogger({ level: "silent", format: "json" });
  const { gateway } = composeGateway(config, logger);
  return {
    probe: (upstream, options) => gateway.probe(upstream, options),
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}

/** The public providers, those of the configuration among them. */
export function listProviders(config: Config): readonly Provider[] {
  return [...knownProviders, ...config.providers];
}
