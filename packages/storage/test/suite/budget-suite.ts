import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { BudgetPeriod, Storage } from "../../src/index.ts";
import { createApiKey, createLedgerEntry, createReservation } from "./key-rows.ts";
import type { OpenDatabase } from "./open-database.ts";
import { countTrue } from "./rows.ts";

/** A stored key with an opened period of its budget. */
async function openPeriod(storage: Storage, given: Partial<BudgetPeriod> = {}): Promise<BudgetPeriod> {
  const key = createApiKey();
  await storage.keys.insert(key);
  const period = { keyId: key.id, window: "day", start: 0, ...given } as const;
  await storage.budgets.open(period);
  return period;
}

/** Holds an amount for a request; the id under which it is settled, or undefined when it does not fit. */
async function reserve(
  storage: Storage,
  period: BudgetPeriod,
  given: { amountNanos: number; budgetNanos: number; owner?: string },
): Promise<string | undefined> {
  const { budgetNanos, ...rest } = given;
  const reservation = createReservation({ ...period, ...rest });
  const isHeld = await storage.transaction((tx) => tx.budgets.reserve(reservation, budgetNanos));
  return isHeld ? reservation.id : undefined;
}

const settle = (storage: Storage, id: string | undefined, spentNanos: number) =>
  storage.transaction((tx) => tx.budgets.settle(id ?? "", spentNanos));

export function testBudgets(open: OpenDatabase): void {
  it("holds, and settles with what was really spent, once", async () => {
    await using database = await open();
    const { storage } = database;
    const period = await openPeriod(storage);
    const id = await reserve(storage, period, { amountNanos: 70, budgetNanos: 100 });
    expect(await storage.budgets.find(period)).toEqual({ spentNanos: 0, reservedNanos: 70 });
    expect(await settle(storage, id, 25)).toBe(true);
    expect(await settle(storage, id, 25)).toBe(false);
    expect(await storage.budgets.find(period)).toEqual({ spentNanos: 25, reservedNanos: 0 });
  });

  it("holds up to the budget to the last nano-dollar, and not one more", async () => {
    await using database = await open();
    const { storage } = database;
    const period = await openPeriod(storage);
    const id = await reserve(storage, period, { amountNanos: 100, budgetNanos: 100 });
    expect(id).toBeDefined();
    for (const amountNanos of [1, 0]) {
      const isMore = (await reserve(storage, period, { amountNanos, budgetNanos: 100 })) !== undefined;
      expect(isMore).toBe(amountNanos === 0);
    }
    await settle(storage, id, 0);
    expect(await reserve(storage, period, { amountNanos: 101, budgetNanos: 100 })).toBeUndefined();
  });

  it("counts what more was spent than held, and then holds nothing for anyone", async () => {
    await using database = await open();
    const { storage } = database;
    const period = await openPeriod(storage);
    const id = await reserve(storage, period, { amountNanos: 10, budgetNanos: 100 });
    await settle(storage, id, 500);
    expect(await storage.budgets.find(period)).toEqual({ spentNanos: 500, reservedNanos: 0 });
    expect(await reserve(storage, period, { amountNanos: 0, budgetNanos: 100 })).toBeUndefined();
  });

  it("stays exact up to 53 bits, and stops there", async () => {
    await using database = await open();
    const { storage } = database;
    const most = Number.MAX_SAFE_INTEGER;
    const period = await openPeriod(storage);
    const first = await reserve(storage, period, { amountNanos: most - 1, budgetNanos: most });
    expect(await storage.budgets.find(period)).toEqual({ spentNanos: 0, reservedNanos: most - 1 });
    const second = await reserve(storage, period, { amountNanos: 1, budgetNanos: most });
    expect(await reserve(storage, period, { amountNanos: 1, budgetNanos: most })).toBeUndefined();
    await settle(storage, first, most);
    await settle(storage, second, most);
    expect(await storage.budgets.find(period)).toEqual({ spentNanos: most, reservedNanos: 0 });
  });

  it("never holds more than the budget, however many ask at once", async () => {
    await using database = await open();
    const { storage } = database;
    const period = await openPeriod(storage);
    const asked = Array.from({ length: 200 }, () =>
      reserve(storage, period, { amountNanos: 7, budgetNanos: 100 }),
    );
    expect(countTrue((await Promise.all(asked)).map((id) => id !== undefined))).toBe(14);
    expect(await storage.budgets.find(period)).toEqual({ spentNanos: 0, reservedNanos: 98 });
  });

  it("agrees with a sum kept by hand, whatever is held and settled in whatever order", async () => {
    await using database = await open();
    const { storage } = database;
    const step = fc.record({ amountNanos: fc.nat(60), spentNanos: fc.nat(60), settles: fc.boolean() });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const period = await openPeriod(storage);
      const held: { id: string; amountNanos: number }[] = [];
      let spent = 0;
      for (const { amountNanos, spentNanos, settles } of steps) {
        const reserved = held.reduce((sum, item) => sum + item.amountNanos, 0);
        const id = await reserve(storage, period, { amountNanos, budgetNanos: 200 });
        expect(id !== undefined).toBe(spent + reserved + amountNanos <= 200);
        if (id !== undefined) held.push({ id, amountNanos });
        const ended = settles ? held.shift() : undefined;
        if (ended === undefined) continue;
        await settle(storage, ended.id, spentNanos);
        spent += spentNanos;
      }
      const reservedNanos = held.reduce((sum, item) => sum + item.amountNanos, 0);
      expect(await storage.budgets.find(period)).toEqual({ spentNanos: spent, reservedNanos });
    });
    await fc.assert(property, { numRuns: 15 });
  });

  it("holds nothing in a period that was not opened", async () => {
    await using database = await open();
    const { storage } = database;
    const period = await openPeriod(storage);
    const later = { ...period, start: 86_400_000 };
    expect(await reserve(storage, later, { amountNanos: 1, budgetNanos: 100 })).toBeUndefined();
    expect(await storage.budgets.find(later)).toBeUndefined();
  });

  it("keeps the windows of a key apart, even those that begin together, and its keys", async () => {
    await using database = await open();
    const { storage } = database;
    const day = await openPeriod(storage);
    const month = { ...day, window: "month" } as const;
    await storage.budgets.open(month);
    const other = await openPeriod(storage);
    await settle(storage, await reserve(storage, day, { amountNanos: 5, budgetNanos: 9 }), 5);
    expect(await storage.budgets.find(day)).toEqual({ spentNanos: 5, reservedNanos: 0 });
    for (const period of [month, other])
      expect(await storage.budgets.find(period)).toEqual({ spentNanos: 0, reservedNanos: 0 });
  });

  it("begins a period with what the ledger says was spent in it, and only once", async () => {
    await using database = await open();
    const { storage } = database;
    const key = createApiKey();
    await storage.keys.insert(key);
    const spend = (at: number, costNanos: number | null, keyId: string | null = key.id) =>
      storage.ledger.insert([createLedgerEntry({ at, costNanos, keyId })]);
    await spend(999, 1);
    await spend(1000, 20);
    await spend(5000, 300);
    await spend(5000, null);
    await spend(5000, 7000, "key_other");
    const period = { keyId: key.id, window: "month", start: 1000 } as const;
    await storage.budgets.open(period);
    await spend(6000, 4000);
    await storage.budgets.open(period);
    expect(await storage.budgets.find(period)).toEqual({ spentNanos: 320, reservedNanos: 0 });
  });

  it("gives back what processes that are gone held, and leaves its own alone", async () => {
    await using database = await open();
    const { storage } = database;
    const [first, second] = [await openPeriod(storage), await openPeriod(storage)];
    const held = { amountNanos: 10, budgetNanos: 100 };
    for (const owner of ["dead-1", "dead-2", "me"]) await reserve(storage, first, { ...held, owner });
    const mine = await reserve(storage, second, { ...held, owner: "me" });
    const reopened = await database.reopen();
    expect(await reopened.transaction((tx) => tx.budgets.giveBackOrphans(["me"]))).toBe(2);
    expect(await reopened.transaction((tx) => tx.budgets.giveBackOrphans(["me"]))).toBe(0);
    expect(await reopened.budgets.find(first)).toEqual({ spentNanos: 0, reservedNanos: 10 });
    expect(await reopened.budgets.find(second)).toEqual({ spentNanos: 0, reservedNanos: 10 });
    expect(await settle(reopened, mine, 3)).toBe(true);
  });

  it("forgets old periods, but none that holds something, nor one that never ends", async () => {
    await using database = await open();
    const { storage } = database;
    const old = await openPeriod(storage, { start: 1000 });
    const busy = await openPeriod(storage, { start: 1000 });
    const total = await openPeriod(storage, { window: "total" });
    const recent = await openPeriod(storage, { start: 5000 });
    await reserve(storage, busy, { amountNanos: 1, budgetNanos: 1 });
    expect(await storage.budgets.deleteBefore(5000)).toBe(1);
    expect(await storage.budgets.find(old)).toBeUndefined();
    for (const period of [busy, total, recent]) expect(await storage.budgets.find(period)).toBeDefined();
  });
}
