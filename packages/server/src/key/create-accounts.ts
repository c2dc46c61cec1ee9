import type { Storage } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";
import type { SharedLimits } from "../limit/shared-limits.ts";
import { createLedgerService, type LedgerService } from "../usage/ledger-service.ts";
import { createPriceService, type PriceService } from "../usage/price-service.ts";
import { createUsageService, type UsageService } from "../usage/usage-service.ts";
import { createAccessService } from "./access-service.ts";
import { createAdmissionService, type AdmissionService } from "./admission-service.ts";
import { createBudgetService } from "./budget-service.ts";
import { createKeyService, type KeyService } from "./key-service.ts";
import type { AccessSettings } from "./static-tokens.ts";

/** Who may call under `/v1`, how much, and what it cost. */
export type Accounts = {
  readonly services: {
    readonly keys: KeyService;
    readonly admissions: AdmissionService;
    readonly prices: PriceService;
    readonly ledger: LedgerService;
    readonly usage: UsageService;
  };
  /** Gives back what earlier processes held, and reads the prices; answers with the number of reservations. */
  recover(): Promise<number>;
  /** Forgets what is long over. */
  sweep(): Promise<void>;
  /** Writes what is not written yet. */
  close(): Promise<void>;
};

/** What they stand on. */
export type AccountsDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  /** Names this process. */
  readonly owner: string;
  readonly access: AccessSettings;
  /** What processes that serve together count together. */
  readonly sharedLimits?: SharedLimits | undefined;
  readonly onInternalError: (error: unknown) => void;
};

/** Builds the services of keys, prices and usage, in their order. */
export function createAccounts(deps: AccountsDeps): Accounts {
  const access = createAccessService({ ...deps, settings: deps.access });
  const keys = createKeyService({ ...deps, access });
  const prices = createPriceService(deps);
  const ledger = createLedgerService({ ...deps, prices });
  const budgets = createBudgetService({ ...deps, prices, ledger });
  const admissions = createAdmissionService({ ...deps, budgets, ledger });
  const usage = createUsageService({ ...deps, ledger });
  return {
    services: { keys, admissions, prices, ledger, usage },
    async recover() {
      const count = await budgets.giveBackOrphans();
      await prices.load();
      return count;
    },
    async sweep() {
      await budgets.sweep();
    },
    async close() {
      await ledger.close();
      await access.close();
    },
  };
}
