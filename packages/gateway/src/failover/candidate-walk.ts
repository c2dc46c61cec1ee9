import { DomainError } from "@llm-backend/contract";
import type { Failure } from "../failure/failure.ts";
import { soonMs, toExhaustedError, toFinalError, waitMsMax } from "../failure/final-error.ts";
import type { Plan, PlanQuery, Slot } from "../pool/pool.ts";
import type { GatewayContext } from "./gateway-context.ts";

/** Whom a question may go to. */
export type WalkQuery = PlanQuery & {
  /** The asker's own models to fall back to, in their order. */
  readonly fallbacks?: readonly string[];
  /** No other model will do. @default false */
  readonly isExact?: boolean;
};

/**
 * Walks the candidates of a question: those of its model, then those of the models that stand in for it. Whoever walks
 * takes a slot, asks, gives the slot back, and notes the failure, until somebody has answered.
 */
export class CandidateWalk {
  readonly #context: GatewayContext;
  readonly #query: WalkQuery;
  readonly #models: string[];
  readonly #failures: Failure[] = [];
  #deadlineAt = 0;
  #plan: Plan | undefined;
  #missing: unknown;

  constructor(context: GatewayContext, query: WalkQuery) {
    this.#context = context;
    this.#query = query;
    this.restart();
    const { model, fallbacks = [], providerKey, isExact = false } = query;
    const configured = Object.hasOwn(context.fallbacks, model) ? (context.fallbacks[model] ?? []) : [];
    // Another model may belong to another provider, for whom the asker's key is none.
    const mayBeAnother = providerKey === undefined && !isExact;
    this.#models = mayBeAnother ? [...new Set([model, ...fallbacks, ...configured])] : [model];
  }

  /** Milliseconds until nobody is looked for any more. */
  get remainingMs(): number {
    return this.#deadlineAt - performance.now();
  }

  /** The time for looking begins anew: an answer that broke off is to be gone on with. */
  restart(): void {
    this.#deadlineAt = performance.now() + this.#context.deadlineMs;
  }

  /**
   * The next candidate, with a place at it: at once where nothing has to be waited for, as for most questions.
   *
   * @throws DomainError when nobody is left, by what all of them had in common; `cancelled` after an abort.
   */
  next(signal: AbortSignal): Slot | Promise<Slot> {
    for (;;) {
      const plan = this.#openPlan(signal);
      const found = plan.next(signal);
      if (found instanceof Promise) return this.#wait(plan, found, signal);
      if (found !== undefined) return found;
      this.#leave(plan, signal);
    }
  }

  async #wait(plan: Plan, found: Promise<Slot | undefined>, signal: AbortSignal): Promise<Slot> {
    const slot = await found;
    if (slot !== undefined) return slot;
    this.#leave(plan, signal);
    return this.next(signal);
  }

  #openPlan(signal: AbortSignal): Plan {
    if (signal.aborted) throw new DomainError("cancelled");
    if (this.remainingMs <= 0) throw this.#toError(undefined);
    this.#plan ??= this.#nextPlan();
    if (this.#plan === undefined) throw this.#toError(undefined);
    return this.#plan;
  }

  /** A plan has nobody left: the next model's is the next one. */
  #leave(plan: Plan, signal: AbortSignal): void {
    if (signal.aborted) throw new DomainError("cancelled");
    if (this.#models.length === 0) throw this.#toError(plan);
    this.#plan = undefined;
  }

  /**
   * Takes note of a failure.
   *
   * @throws DomainError when nobody else would do better.
   */
  note(failure: Failure): void {
    if (!failure.final) {
      this.#failures.push(failure);
    } else if (failure.code === "context_too_long" && this.#models.length > 0) {
      // The same model would read no more anywhere; the next one may.
      this.#failures.push(failure);
      this.#plan = undefined;
    } else throw toFinalError(failure);
  }

  #nextPlan(): Plan | undefined {
    for (let model = this.#models.shift(); model !== undefined; model = this.#models.shift()) {
      try {
        return this.#context.pool.plan({ ...this.#query, model });
      } catch (error) {
        this.#missing ??= error;
      }
    }
    return undefined;
  }

  /** What everybody who was asked had in common. */
  toError(): unknown {
    return this.#toError(undefined);
  }

  #toError(plan: Plan | undefined): unknown {
    if (this.#failures.length === 0) return plan === undefined ? (this.#missing ?? busy()) : toRefusal(plan);
    return toExhaustedError(this.#failures, this.#query.model, plan?.refusal.retryAfterMs);
  }
}

const busy = (): DomainError =>
  new DomainError("upstream_overloaded", undefined, { details: { retryAfterMs: soonMs } });

/** Nobody was asked at all. */
function toRefusal({ refusal: { reason, retryAfterMs } }: Plan): DomainError {
  const details = { details: { retryAfterMs: Math.min(retryAfterMs ?? soonMs, waitMsMax) } };
  switch (reason) {
    case "rate_limited":
      return new DomainError("upstream_rate_limited", undefined, details);
    case "quota":
      return new DomainError(
        "upstream_rate_limited",
        "The quota at the model's provider is used up.",
        details,
      );
    case "rejected":
      return new DomainError("upstream_auth", undefined, details);
    case "exhausted":
    case "resting":
    case "full":
      return new DomainError("upstream_overloaded", undefined, details);
  }
}
