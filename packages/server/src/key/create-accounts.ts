import type { Storage } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";
import type { SharedLimits } from "../limit/shared-limits.ts";
import type { RunRelay } from "../relay/run-relay.ts";
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
  /** Reads the prices; to be called before anything is served. */
  load(): Promise<void>;
  /** Forgets what is known of keys, since another process has changed them. */
  readonly forgetKeys: () => void;
  /** Forgets what is known of keys, here and in other processes, since this one has changed them. */
  readonly dropKeys: () => void;
  /** Reads the prices again, since another process has changed them. */
  readonly reloadPrices: () => Promise<void>;
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
  /** Only runs forward, and no faster than time: what durations are measured by. @default now */
  readonly elapsed?: () => number;
  /** Names this process. */
  readonly owner: string;
  readonly access: AccessSettings;
  /** Tells the other processes; undefined for one that serves alone. */
  readonly relay?: Pick<RunRelay, "broadcast"> | undefined;
  /** What processes that serve together count together. */
  readonly sharedLimits?: SharedLimits | undefined;
  readonly onInternalError: (error: unknown) => void;
};

/** Builds the services of keys, prices and usage, in their order. */
export function createAccounts(deps: AccountsDeps): Accounts {
  const access = createAccessService({ ...deps, settings: deps.access });
  const forgetKeys = () => {
    access.forgetKeys();
    deps.relay?.broadcast({ type: "keys-changed" });
  };
  const keys = createKeyService({ ...deps, access: { ...access, forgetKeys } });
  const prices = createPriceService({
    ...deps,
    onChanged: () => deps.relay?.broadcast({ type: "prices-changed" }),
  });
  const ledger = createLedgerService({ ...deps, prices });
  const budgets = createBudgetService({ ...deps, prices, ledger });
  const admissions = createAdmissionService({ ...deps, budgets, ledger });
  const usage = createUsageService({ ...deps, ledger });
  return {
    services: { keys, admissions, prices, ledger, usage },
    load: prices.load,
    forgetKeys: access.forgetKeys,
    dropKeys: forgetKeys,
    reloadPrices: prices.load,
    async sweep() {
      await budgets.sweep();
    },
    async close() {
      await ledger.close();
      await access.close();
    },
  };
}
