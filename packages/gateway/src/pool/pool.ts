import type { ModelView } from "@llm-backend/contract";
import type { AttemptOutcome } from "../attempt/attempt-ports.ts";
import type { PreparedUpstream } from "../routing/prepared-upstream.ts";
import type { Clocks, Upstream, UpstreamHealth } from "../upstream.ts";

/** Who may answer a request. */
export type PlanQuery = {
  readonly model: string;
  /** Which upstreams the caller may use. @default all */
  readonly mayUse?: ((upstreamId: string) => boolean) | undefined;
  /** The asker's own key: then the provider that the model belongs to is the only candidate. */
  readonly providerKey?: string | undefined;
};

/** How an attempt ended, as far as the health of its upstream and key goes. */
export type SlotEnding = {
  readonly outcome: AttemptOutcome;
  /** The failure in words, free of keys. */
  readonly message?: string | undefined;
  /** What the upstream wants to be left alone for. */
  readonly retryAfterMs?: number | undefined;
  /** From the start of the attempt to the first content; undefined when there was none. */
  readonly firstTokenMs?: number | undefined;
};

/** A place at one upstream, with one of its keys, for one attempt. */
export type Slot = {
  readonly upstream: PreparedUpstream;
  readonly key: string | undefined;
  /** What this upstream calls the model. */
  readonly model: string;
  /** The clocks of this model at this upstream. */
  readonly clocks: Clocks;
  /**
   * The first content came, this many milliseconds after the start of the attempt: upstream and key are in order, which
   * others need not wait to learn until a long answer has ended.
   */
  began(firstTokenMs: number): void;
  /** Gives the place back; to be called exactly once. */
  end(ending: SlotEnding): void;
};

/** Why a plan has nobody (more) to ask. */
export type PlanRefusal = {
  /**
   * `exhausted`: everybody was asked. `resting`: breakers are open or keys are cooling. `full`: no place became free.
   * `rejected`: the providers refuse every key. `quota`: every account is empty.
   */
  readonly reason: "exhausted" | "resting" | "rate_limited" | "quota" | "rejected" | "full";
  /** When it is worth coming back, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;
};

/** The candidates of one request, in their order. */
export type Plan = {
  /**
   * The next candidate, with a place at it: at once where there is one; a promise where a queue or a pause before asking
   * again is waited in. Undefined: nobody is left, or the signal was aborted. The slot before it has to be ended first.
   */
  next(signal: AbortSignal): Slot | undefined | Promise<Slot | undefined>;
  /** Why `next` gave nothing. */
  readonly refusal: PlanRefusal;
};

/** An upstream whose `/models` is worth asking, and a key to ask with. */
export type Discoverable = { readonly upstream: PreparedUpstream; readonly key: string | undefined };

/** The upstreams, their keys and how they are. */
export type Pool = {
  /**
   * @throws DomainError `model_not_found` when no upstream serves the model; `invalid_input` when there is a provider
   *   key but no provider that the model belongs to.
   */
  plan(query: PlanQuery): Plan;
  listModels(mayUse?: (upstreamId: string) => boolean): ModelView[];
  health(): UpstreamHealth[];
  /** Replaces the list. Whoever stays, by id, endpoint and key, keeps their health. */
  replace(upstreams: readonly Upstream[]): void;
  /** Those with `discover`, and those that name no models of their own. */
  listDiscoverable(): Discoverable[];
  /** What an upstream's `/models` said. */
  setDiscovered(upstreamId: string, models: readonly string[]): void;
  close(): void;
};
