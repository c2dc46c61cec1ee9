import type { Usage, UsageSource } from "@llm-backend/contract";
import type { LedgerEntry, Storage } from "@llm-backend/storage";
import { clampUsage, computeCost } from "./cost.ts";
import { createLedgerWriter } from "./ledger-writer.ts";
import type { PriceService } from "./price-service.ts";

/** What the service stands on. */
export type LedgerServiceDeps = {
  readonly storage: Storage;
  readonly prices: PriceService;
  readonly now: () => number;
  readonly onInternalError: (error: unknown) => void;
};

/** What was used by one request, and who used it. */
export type Settled = {
  readonly requestId: string;
  readonly keyId: string | null;
  readonly userId: number | null;
  /** The model that was asked for: its price counts where the one that answered has none. */
  readonly modelAsked: string;
  /** The model that answered, in the upstream's words. */
  readonly model: string | undefined;
  readonly upstream: string | undefined;
  /** As the provider reported it. */
  readonly usage: Usage | undefined;
  /** This server's own estimate, where it made one. */
  readonly counted?: Usage | undefined;
  /** What was held for the request: it stands in where nobody can say what it cost. */
  readonly heldNanos?: number | undefined;
};

/** What a request is charged. Absent numbers are unknown, never zero. */
export type Charge = {
  readonly usage: Usage;
  readonly usageSource: UsageSource;
  readonly costNanos: number | undefined;
};

/** The ledger: who used what, and what it cost. */
export type LedgerService = ReturnType<typeof createLedgerService>;

const intervalMs = 250;
const waitingMax = 20_000;
const nameCharsMax = 256;

/** Creates the service. Lines are written behind the requests, a quarter of a second later at most. */
export function createLedgerService(deps: LedgerServiceDeps) {
  const { storage, prices, onInternalError } = deps;
  const writer = createLedgerWriter({ storage, onInternalError, intervalMs, waitingMax });

  function toEntry(settled: Settled): LedgerEntry {
    const model = settled.model ?? settled.modelAsked;
    const unitPrices =
      prices.find(model, settled.upstream) ?? prices.find(settled.modelAsked, settled.upstream);
    const usage = clampUsage(settled.usage ?? settled.counted ?? {});
    return {
      requestId: settled.requestId,
      at: deps.now(),
      keyId: settled.keyId,
      userId: settled.userId,
      model: toName(model),
      upstream: settled.upstream === undefined ? null : toName(settled.upstream),
      usage,
      usageSource: toSource(settled),
      prices: unitPrices ?? null,
      costNanos: computeCost(unitPrices, usage) ?? settled.heldNanos ?? null,
    };
  }

  /** Notes what a request used, and gives back what was held for it. */
  function settle(settled: Settled, reservationId?: string): Charge {
    const entry = toEntry(settled);
    writer.add({ entry, reservationId });
    return {
      usage: entry.usage,
      usageSource: entry.usageSource,
      costNanos: entry.costNanos ?? undefined,
    };
  }

  return {
    settle,

    /** Gives back what was held for a request that came to nothing. */
    giveBack(reservationId: string): void {
      writer.add({ entry: undefined, reservationId });
    },

    /** Notes what an answer of the chat used. A run has one line, however often it is told. */
    settleRun(run: {
      readonly runId: string;
      readonly userId: number;
      readonly modelAsked: string;
      readonly model: string | undefined;
      readonly upstream: string | undefined;
      readonly usage: Usage | undefined;
      readonly counted?: Usage | undefined;
    }): Charge {
      const { runId, ...rest } = run;
      return settle({ ...rest, requestId: runId, keyId: null });
    },

    /** Writes all that waits. Never rejects. */
    flush: () => writer.flush(),

    /** How many lines wait to be written, and how many were given up. */
    state: (): { waiting: number; shed: number } => ({ waiting: writer.waiting, shed: writer.shed }),

    close: () => writer.close(),
  };
}

function toSource({ usage, counted }: Settled): UsageSource {
  if (usage !== undefined) return "provider";
  return counted === undefined ? "none" : "counted";
}

/** A name from outside, as every database takes it. */
function toName(name: string): string {
  const cut = name.length > nameCharsMax ? name.slice(0, nameCharsMax) : name;
  const clean = cut.includes("\0") ? cut.replaceAll("\0", "") : cut;
  return clean.isWellFormed() ? clean : clean.toWellFormed();
}
