import { DomainError, type Price, type PriceRefInput, type PriceView } from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import { defaultPrices } from "./default-prices.ts";
import { createPriceTable, type PriceLayer, type PriceTable } from "./price-table.ts";

/** What models cost. */
export type PriceService = ReturnType<typeof createPriceService>;

/** What the service stands on. */
export type PriceServiceDeps = {
  readonly storage: Storage;
  readonly now: () => number;
  /** Only runs forward, and no faster than time: what durations are measured by. @default now */
  readonly elapsed?: () => number;
  /** Learns that the operator's prices were changed through here. */
  readonly onChanged?: () => void;
  /** Learns when the prices could not be read again; those known before stay in force. */
  readonly onInternalError: (error: unknown) => void;
};

/** Prices that another process set are in force after this time. */
const freshMs = 10_000;

/**
 * Creates the service. The operator's prices count before those of the configuration, and these before the defaults.
 * Looking up a price costs no SQL: the operator's are kept in memory.
 */
export function createPriceService(deps: PriceServiceDeps) {
  const { storage, now, elapsed = now } = deps;
  let operator: readonly Price[] = [];
  let configured: readonly Price[] = [];
  let table = build();
  let readAt = Number.NEGATIVE_INFINITY;

  function toLayers(): PriceLayer[] {
    return [
      { source: "operator", prices: operator },
      { source: "configuration", prices: configured },
      { source: "default", prices: defaultPrices },
    ];
  }

  function build(): PriceTable {
    return createPriceTable(toLayers());
  }

  async function load(): Promise<void> {
    readAt = elapsed();
    operator = await storage.prices.list();
    table = build();
  }

  /** The table as it is; an old one is read again behind the request that noticed. */
  function current(): PriceTable {
    if (elapsed() - readAt > freshMs) load().catch(deps.onInternalError);
    return table;
  }

  return {
    /** Reads the operator's prices; to be called before anything is served. */
    load,

    /** Puts the configuration's prices in the place of those that it had before. */
    replaceConfigured(prices: readonly Price[]): void {
      configured = [...prices];
      table = build();
    },

    find: (model: string, upstream?: string) => current().find(model, upstream),

    findAll: (model: string) => current().findAll(model),

    /** All prices, the operator's first; a later one of the same pattern is hidden by an earlier one. */
    async list(): Promise<PriceView[]> {
      await load();
      return toLayers().flatMap(({ source, prices }) => prices.map((price) => ({ ...price, source })));
    },

    /** Sets a price of the operator's. */
    async set(price: Price): Promise<void> {
      await storage.prices.put(price, now());
      await load();
      deps.onChanged?.();
    },

    /** @throws DomainError `not_found` where the operator set no such price. */
    async remove(price: PriceRefInput): Promise<void> {
      if (!(await storage.prices.delete(price))) {
        throw new DomainError("not_found", "No price was set for this model and upstream.");
      }
      await load();
      deps.onChanged?.();
    },
  };
}
