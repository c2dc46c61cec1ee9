import { DomainError, type Budget, type UnitPrices } from "@llm-backend/contract";
import type { BudgetState, Reservation, Storage } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";
import { computeCost } from "../usage/cost.ts";
import type { LedgerService } from "../usage/ledger-service.ts";
import type { PriceService } from "../usage/price-service.ts";
import { toPeriod, type Period } from "./budget-period.ts";

/** What the service stands on. */
export type BudgetServiceDeps = {
  readonly storage: Storage;
  readonly prices: PriceService;
  readonly ledger: LedgerService;
  readonly newId: NewId;
  readonly now: () => number;
  /** Names this process as the holder of its reservations. */
  readonly owner: string;
};

/** What a request may cost, by what it asks for. */
export type CostDemand = {
  /** The models that may answer, the one that was asked for first. */
  readonly models: readonly [string, ...string[]];
  readonly promptTokens: number;
  readonly completionTokens: number;
};

/** Money that is held for a request. */
export type HeldMoney = { readonly reservationId: string; readonly nanos: number };

/** The budgets of keys. */
export type BudgetService = ReturnType<typeof createBudgetService>;

/** Periods that are over are kept so long. */
const keptMs = 400 * 86_400_000;

/** Creates the service. */
export function createBudgetService(deps: BudgetServiceDeps) {
  const { storage, prices, now } = deps;

  async function tryReserve(
    reservation: Reservation,
    budget: Budget,
  ): Promise<BudgetState | "held" | "unopened"> {
    // Without waiting for the disk: what was held for a request that a power cut ended would be given back anyway.
    return storage.relaxedTransaction(async (tx) => {
      if (await tx.budgets.reserve(reservation, budget.nanos)) return "held";
      return (await tx.budgets.find(reservation)) ?? "unopened";
    });
  }

  return {
    /**
     * Holds what a request may cost of a key's budget, before it is sent.
     *
     * @throws DomainError `budget_exceeded` when it does not fit; `forbidden` for a model whose price nobody knows: a
     * budget could not be kept.
     */
    async reserve(keyId: string, budget: Budget, demand: CostDemand): Promise<HeldMoney> {
      const at = now();
      const period = toPeriod(budget.window, at);
      const amountNanos = estimateCost(prices, demand);
      const reservation: Reservation = {
        id: deps.newId.text("res"),
        keyId,
        window: budget.window,
        start: period.start,
        amountNanos,
        owner: deps.owner,
        createdAt: at,
      };
      let outcome = await tryReserve(reservation, budget);
      if (outcome === "unopened") {
        // A period begins with what the ledger knows of it: let it know everything.
        await deps.ledger.flush();
        await storage.budgets.open(reservation);
        outcome = await tryReserve(reservation, budget);
      }
      if (outcome === "held") return { reservationId: reservation.id, nanos: amountNanos };
      const state = outcome === "unopened" ? { spentNanos: 0, reservedNanos: 0 } : outcome;
      throw toRefusal({ budget, period, state, amountNanos, at });
    },

    /** Forgets periods that are long over. */
    sweep: (): Promise<number> => storage.budgets.deleteBefore(now() - keptMs),
  };
}

/** The most that a request may cost, at whichever upstream and with whichever model it ends up. */
function estimateCost(prices: PriceService, demand: CostDemand): number {
  const [asked] = demand.models;
  if (prices.findAll(asked).length === 0) {
    const sentence = `This key has a budget, and what the model “${asked}” costs is not known; its price has to be set first.`;
    throw new DomainError("forbidden", sentence);
  }
  const costs = demand.models
    .flatMap((model) => prices.findAll(model))
    .map((unit) => computeCost(toDearest(unit), demand) ?? 0);
  return Math.max(...costs);
}

/** Which class the tokens will be of is not known before: they are held at the price of the dearest. */
function toDearest(unit: UnitPrices): UnitPrices {
  return {
    input: Math.max(unit.input, unit.cacheWrite ?? 0),
    output: Math.max(unit.output, unit.reasoning ?? 0),
    ...(unit.request === undefined ? {} : { request: unit.request }),
  };
}

function toRefusal(given: {
  budget: Budget;
  period: Period;
  state: BudgetState;
  amountNanos: number;
  at: number;
}): DomainError {
  const { budget, period, state, amountNanos, at } = given;
  const leftNanos = Math.max(0, budget.nanos - state.spentNanos - state.reservedNanos);
  const name = budget.window === "total" ? "total" : `per ${budget.window}`;
  const limit = `budget of ${toDollars(budget.nanos)} ${name}`;
  const sentence =
    leftNanos === 0
      ? `This key's ${limit} is used up`
      : `This request may cost ${toDollars(amountNanos)}, and ${toDollars(leftNanos)} are left of this key's ${limit}`;
  if (period.end === undefined) return new DomainError("budget_exceeded", `${sentence}.`);
  const renewsAt = new Date(period.end).toISOString().replace(".000", "");
  return new DomainError("budget_exceeded", `${sentence}; it begins anew at ${renewsAt}.`, {
    details: { retryAfterMs: period.end - at },
  });
}

/** An amount in words: cents, and as many further digits as small amounts need. */
function toDollars(nanos: number): string {
  const dollars = nanos / 1_000_000_000;
  return `$${dollars >= 0.1 || nanos === 0 ? dollars.toFixed(2) : dollars.toPrecision(2)}`;
}
