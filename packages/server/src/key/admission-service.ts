import type { Usage } from "@llm-backend/contract";
import type { SharedLimits } from "../limit/shared-limits.ts";
import type { Charge, LedgerService } from "../usage/ledger-service.ts";
import type { Access } from "./access.ts";
import type { BudgetService, HeldMoney } from "./budget-service.ts";
import { createKeyLimiter, type Held } from "./key-limiter.ts";
import { holdShared } from "./shared-key-limiter.ts";

export type { Charge } from "../usage/ledger-service.ts";

/** What a request says of itself before it is sent. */
export type AdmissionDemand = {
  readonly requestId: string;
  readonly model: string;
  /** The models that may answer in its place. */
  readonly fallbacks?: readonly string[];
  /** An estimate, on the high side. */
  readonly promptTokens: number;
  /** The most tokens that the answer may have, where the request says so. */
  readonly maxTokens: number | undefined;
};

/** What came of an admitted request. */
export type AdmissionOutcome = {
  /** As the provider reported it. */
  readonly usage: Usage | undefined;
  /** This server's own count of the prompt, where there is a better one than the demand's. */
  readonly promptTokensCounted?: number | undefined;
  /** This server's own count of the answer, where there is one. */
  readonly completionTokensCounted: number | undefined;
  /** The model and the name of the upstream that answered. */
  readonly model: string | undefined;
  readonly upstream: string | undefined;
  /** Whether anything was answered that has to be paid for. */
  readonly isBillable: boolean;
};

/** A request that was let in. */
export type Admission = {
  /** `x-ratelimit-*`, for the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Ends it: gives back what was held, and notes what was used. To be called once for every admission, whatever
   * happened; further calls change nothing. Never rejects.
   */
  end(outcome: AdmissionOutcome): Promise<Charge>;
};

/** What the service stands on. */
export type AdmissionServiceDeps = {
  readonly budgets: BudgetService;
  readonly ledger: LedgerService;
  readonly now: () => number;
  /** Only runs forward, and no faster than time: what durations are measured by. @default now */
  readonly elapsed?: () => number;
  /** What other processes let in; without it this process counts alone. */
  readonly sharedLimits?: SharedLimits | undefined;
};

/** Lets requests in, within the limits and the budgets of their keys. */
export type AdmissionService = ReturnType<typeof createAdmissionService>;

/** How long an answer is taken to be where the request does not say. */
const answerTokens = 1000;
const keysMax = 10_000;
const nothing: Charge = { usage: {}, usageSource: "none", costNanos: undefined };

/** Creates the service. Only a key with a budget costs a write to the database before its request is sent. */
export function createAdmissionService(deps: AdmissionServiceDeps) {
  const { ledger, sharedLimits } = deps;
  const limiter = createKeyLimiter({ now: deps.elapsed ?? deps.now, keysMax });

  /** A promise only where others are asked: whoever counts alone has nothing to wait for. */
  function hold(access: Access, demand: AdmissionDemand): Held | Promise<Held> | undefined {
    const { keyId, limits } = access;
    if (keyId === null || limits === null) return undefined;
    const estimate = {
      prompt: toTokens(demand.promptTokens),
      completion: toTokens(demand.maxTokens ?? answerTokens),
    };
    const held = limiter.take(keyId, limits, estimate);
    return sharedLimits === undefined ? held : holdShared(sharedLimits, { keyId, limits, estimate, held });
  }

  function holdMoney(access: Access, demand: AdmissionDemand): Promise<HeldMoney> | undefined {
    const budget = access.limits?.budget ?? null;
    if (access.keyId === null || budget === null) return undefined;
    return deps.budgets.reserve(access.keyId, budget, {
      models: [demand.model, ...(demand.fallbacks ?? [])],
      promptTokens: toTokens(demand.promptTokens),
      completionTokens: toTokens(demand.maxTokens ?? answerTokens),
    });
  }

  async function settle(
    given: { access: Access; demand: AdmissionDemand; money: HeldMoney | undefined },
    outcome: AdmissionOutcome,
  ): Promise<Charge> {
    const { access, demand, money } = given;
    let charge = nothing;
    if (outcome.isBillable) {
      const settled = {
        requestId: demand.requestId,
        keyId: access.keyId,
        userId: access.userId,
        modelAsked: demand.model,
        model: outcome.model,
        upstream: outcome.upstream,
        usage: outcome.usage,
        counted: toCounted(demand, outcome),
        heldNanos: money?.nanos,
      };
      charge = ledger.settle(settled, money?.reservationId);
    } else if (money !== undefined) ledger.giveBack(money.reservationId);
    // The next request of the same key must find the money that this one did not need.
    if (money !== undefined) await ledger.flush();
    return charge;
  }

  return {
    /** `x-ratelimit-*`, as it is now: for whoever was not let in. */
    showLimits: ({ keyId, limits }: Access): Readonly<Record<string, string>> =>
      keyId === null || limits === null ? {} : limiter.show(keyId, limits),

    /**
     * Lets a request in.
     *
     * @throws DomainError `rate_limited` and `budget_exceeded`, each with the limit in words, and when it ends;
     * `forbidden` for a model without a price where the key has a budget.
     */
    async admit(access: Access, demand: AdmissionDemand): Promise<Admission> {
      const holding = hold(access, demand);
      const held = holding instanceof Promise ? await holding : holding;
      let money: HeldMoney | undefined;
      try {
        const promised = holdMoney(access, demand);
        // Most keys have no budget, and nothing to wait for.
        if (promised !== undefined) money = await promised;
      } catch (error) {
        held?.cancel();
        throw error;
      }
      let ended: Promise<Charge> | undefined;
      return {
        headers: held?.headers ?? {},
        end(outcome) {
          if (ended === undefined) {
            ended = settle({ access, demand, money }, outcome);
            held?.release(toTokensUsed(demand, outcome));
          }
          return ended;
        },
      };
    },
  };
}

/** What this server counted; undefined where it counted nothing. */
function toCounted(demand: AdmissionDemand, outcome: AdmissionOutcome): Usage | undefined {
  const { completionTokensCounted } = outcome;
  if (completionTokensCounted === undefined) return undefined;
  return {
    promptTokens: toTokens(outcome.promptTokensCounted ?? demand.promptTokens),
    completionTokens: toTokens(completionTokensCounted),
  };
}

/** The tokens of an ended request; undefined where nobody knows. */
function toTokensUsed(demand: AdmissionDemand, outcome: AdmissionOutcome): number | undefined {
  if (!outcome.isBillable) return 0;
  const usage = outcome.usage ?? toCounted(demand, outcome);
  if (usage === undefined) return undefined;
  return toTokens(usage.promptTokens ?? demand.promptTokens) + toTokens(usage.completionTokens ?? 0);
}

/** No request has more tokens; callers may ask for any number. */
const tokensMax = 1_000_000_000;

function toTokens(count: number): number {
  return Number.isNaN(count) ? 0 : Math.min(Math.max(Math.ceil(count), 0), tokensMax);
}
