import { DomainError } from "@llm-backend/contract";
import type { AttemptLimits } from "./attempt/attempt.ts";
import { createConnections } from "./attempt/connections.ts";
import type { ConnectionOptions } from "./attempt/open-socket.ts";
import { askChat } from "./chat/ask-chat.ts";
import { createDiscovery, type Discovery } from "./discovery/create-discovery.ts";
import { listUpstreamModels } from "./discovery/list-upstream-models.ts";
import type { GatewayContext } from "./failover/gateway-context.ts";
import { createQuirks } from "./failover/quirks.ts";
import { toFailure } from "./failure/failure.ts";
import { forwardCall } from "./forward/forwarding.ts";
import { toRefusedResult } from "./forward/refused-result.ts";
import { createPool, type PoolOptions } from "./pool/create-pool.ts";
import type { Gateway, GatewayObserver, Provider } from "./ports.ts";
import { createProbe } from "./probe/create-probe.ts";
import { providers as knownProviders } from "./providers.ts";
import { createProviderFinder } from "./routing/provider-finder.ts";
import type { Clocks, MidstreamPolicy, Upstream } from "./upstream.ts";

/** The clocks of an attempt unless an upstream or the options say otherwise. */
export const defaultClocks: Clocks = {
  connectMs: 3000,
  firstByteMs: 30_000,
  wholeAnswerMs: 120_000,
  firstTokenMs: 60_000,
  idleMs: 60_000,
};

/** The limits of an answer unless the options say otherwise. */
export const defaultLimits: AttemptLimits = {
  eventBytesMax: 1024 * 1024,
  answerBytesMax: 4 * 1024 * 1024,
  answerMsMax: 30 * 60_000,
};

const defaultDeadlineMs = 5 * 60_000;

/** The options of {@link createGateway}. */
export type GatewayOptions = {
  readonly upstreams: readonly Upstream[];
  /** Further providers; one of the same name replaces the built-in one. */
  readonly providers?: readonly Provider[];
  /** @default defaultClocks */
  readonly clocks?: Partial<Clocks>;
  /** @default defaultLimits */
  readonly limits?: Partial<AttemptLimits>;
  /** In which order candidates are asked, how they are taken out, and how often a request is sent again. */
  readonly pool?: Pick<
    PoolOptions,
    "policy" | "breaker" | "keyRest" | "retry" | "queueMs" | "unavailableMs" | "random"
  >;
  /** The models that stand in for one that cannot answer, by its name. */
  readonly fallbacks?: Readonly<Record<string, readonly string[]>>;
  /** How long candidates are looked for. @default 300,000 */
  readonly deadlineMs?: number;
  /** For upstreams that say nothing of it. @default "exact" */
  readonly midstream?: MidstreamPolicy;
  /** Upstreams are asked for their models, now and then. @default false */
  readonly discovers?: boolean;
  readonly observer?: GatewayObserver;
  readonly connecting?: ConnectionOptions;
};

const closing = { ...toFailure("cancelled", "shutting_down", "the gateway is closing"), final: true };

/**
 * Creates the pool of upstreams.
 *
 * @example
 * const gateway = createGateway({
 *   upstreams: [
 *     { id: "1", name: "main", endpoint: "https://api.openai.com", keys: ["sk-…"], models: [], aliases: {} },
 *   ],
 * });
 * const { finishReason } = await gateway.chat(
 *   { id: "run_1", model: "gpt-5", messages: [{ role: "user", content: "Hello" }] },
 *   { signal, onParts: (parts) => parts.forEach(({ text }) => process.stdout.write(text)) },
 * );
 *
 * @throws DomainError `invalid_input` when an upstream's endpoint is no http or https URL.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const context = createContext(options);
  const { pool, connections, running } = context;
  const discovery = options.discovers === true ? openDiscovery(context) : undefined;
  let isClosed = false;

  return {
    async chat(request, chatOptions) {
      if (isClosed) throw new DomainError("shutting_down");
      if (chatOptions.signal.aborted) throw new DomainError("cancelled");
      return askChat(context, request, chatOptions);
    },
    forward(call, forwardOptions) {
      return isClosed
        ? Promise.resolve(toRefusedResult(new DomainError("shutting_down"), 0))
        : forwardCall(context, call, forwardOptions);
    },
    models: (mayUse) => pool.listModels(mayUse),
    health: () => pool.health(),
    probe: createProbe(connections, { clocks: { ...defaultClocks, ...options.clocks } }),
    replaceUpstreams(upstreams) {
      pool.replace(upstreams);
      void discovery?.refresh();
    },
    async close() {
      isClosed = true;
      for (const attempt of running) attempt.cancel(closing);
      discovery?.close();
      pool.close();
      await connections.close();
    },
  };
}

const listingMs = 10_000;

function openDiscovery({ pool, connections }: GatewayContext): Discovery {
  const discovery = createDiscovery({
    targets: () => pool.listDiscoverable(),
    async ask(target, signal) {
      const { models } = await listUpstreamModels(connections, target, { timeoutMs: listingMs, signal });
      return models;
    },
    tell: (upstreamId, models) => pool.setDiscovered(upstreamId, models),
  });
  discovery.start();
  return discovery;
}

function createContext(options: GatewayOptions): GatewayContext {
  const { observer } = options;
  const providers = createProviderFinder([...knownProviders, ...(options.providers ?? [])]);
  const pool = createPool({
    ...options.pool,
    upstreams: options.upstreams,
    providers,
    clocks: { ...defaultClocks, ...options.clocks },
    onHealthChange: (change) => observer?.healthChanged?.(change),
  });
  return {
    pool,
    observer,
    connections: createConnections(options.connecting),
    limits: { ...defaultLimits, ...options.limits },
    running: new Set(),
    quirks: createQuirks(),
    fallbacks: options.fallbacks ?? {},
    deadlineMs: options.deadlineMs ?? defaultDeadlineMs,
    midstream: options.midstream ?? "exact",
  };
}
