import { DomainError } from "@llm-backend/contract";
import { askCandidates, type FailoverContext } from "./ask-candidates.ts";
import type { AttemptLimits } from "./attempt/attempt.ts";
import { createConnections } from "./attempt/connections.ts";
import type { ConnectionOptions } from "./attempt/open-socket.ts";
import { toFailure } from "./failure/failure.ts";
import type { Gateway, GatewayObserver, Provider } from "./ports.ts";
import { providers as knownProviders } from "./providers.ts";
import { createCandidates } from "./routing/candidates.ts";
import { createProviderFinder } from "./routing/provider-finder.ts";
import type { Clocks, Upstream } from "./upstream.ts";

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

/** The options of {@link createGateway}. */
export type GatewayOptions = {
  readonly upstreams: readonly Upstream[];
  /** Further providers; one of the same name replaces the built-in one. */
  readonly providers?: readonly Provider[];
  /** @default defaultClocks */
  readonly clocks?: Partial<Clocks>;
  /** @default defaultLimits */
  readonly limits?: Partial<AttemptLimits>;
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
  const clocks = { ...defaultClocks, ...options.clocks };
  const finder = createProviderFinder([...knownProviders, ...(options.providers ?? [])]);
  let candidates = createCandidates(options.upstreams, finder, clocks);
  let isClosed = false;
  const context: FailoverContext = {
    connections: createConnections(options.connecting),
    limits: { ...defaultLimits, ...options.limits },
    observer: options.observer,
    running: new Set(),
    withoutUsage: new Set(),
  };

  return {
    async chat(request, chatOptions) {
      if (isClosed) throw new DomainError("shutting_down");
      if (chatOptions.signal.aborted) throw new DomainError("cancelled");
      const found = candidates.find(request.model, request.providerKey);
      return askCandidates(context, { request, options: chatOptions }, found);
    },
    forward: () => Promise.reject(new DomainError("overloaded")),
    health: () => [],
    probe: () => Promise.reject(new DomainError("overloaded")),
    models: () => candidates.listModels(),
    replaceUpstreams(upstreams) {
      candidates = createCandidates(upstreams, finder, clocks);
    },
    async close() {
      isClosed = true;
      for (const attempt of context.running) attempt.cancel(closing);
      await context.connections.close();
    },
  };
}
