import type { BudgetWindow } from "@llm-backend/contract";
import { sql, type Kysely, type Selectable } from "kysely";
import type { Database } from "../database.ts";
import { insertRows } from "../insert-rows.ts";
import { executePrepared } from "../prepared-statement.ts";
import type { ReservationTable } from "./key-table.ts";

/** The rows of `key_budgets` and `reservations`. */
export type BudgetRepository = ReturnType<typeof createBudgetRepository>;

/** One window of a key's budget. */
export type BudgetPeriod = {
  readonly keyId: string;
  readonly window: BudgetWindow;
  /** When it began, in milliseconds since 1970. */
  readonly start: number;
};

/** What a key has spent in a period, and what is held for its requests under way. */
export type BudgetState = { readonly spentNanos: number; readonly reservedNanos: number };

/** Money to be held for one request. */
export type Reservation = BudgetPeriod & {
  readonly id: string;
  readonly amountNanos: number;
  /** The process that holds it. */
  readonly owner: string;
  readonly createdAt: number;
};

/** An amount as SQL's integer: a plain parameter would be a float, and so would every sum with it. */
const whole = (value: number) => sql<number>`cast(${BigInt(value)} as bigint)`;

/** Sums stop here: beyond it, numbers are no longer exact. */
const nanosMax = BigInt(Number.MAX_SAFE_INTEGER);

type HeldRow = Pick<
  Selectable<ReservationTable>,
  "key_id" | "budget_window" | "window_start" | "amount_nanos"
>;

/** Adds to what is held in a period, if that leaves it within the budget. */
const toHold = (db: Kysely<Database>) =>
  db
    .updateTable("key_budgets")
    .set(({ eb }) => ({ reserved_nanos: eb("reserved_nanos", "+", whole(0)) }))
    .where("key_id", "=", "")
    .where("budget_window", "=", "")
    .where("window_start", "=", 0)
    .where(sql<boolean>`spent_nanos + reserved_nanos + ${whole(0)} <= ${whole(0)}`);

const toLetGo = (db: Kysely<Database>) =>
  db
    .deleteFrom("reservations")
    .where("id", "=", "")
    .returning(["key_id", "budget_window", "window_start", "amount_nanos"]);

const toSpend = (db: Kysely<Database>) =>
  db
    .updateTable("key_budgets")
    .set({
      spent_nanos: sql<number>`case when spent_nanos > ${whole(0)} - ${whole(0)} then ${whole(0)}
        else spent_nanos + ${whole(0)} end`,
      reserved_nanos: sql<number>`reserved_nanos - ${whole(0)}`,
    })
    .where("key_id", "=", "")
    .where("budget_window", "=", "")
    .where("window_start", "=", 0);

/**
 * Creates the repository over a connection or a transaction. `reserve`, `settle` and `giveBackOrphans` change two
 * tables that must agree: call them in a transaction.
 */
export function createBudgetRepository(db: Kysely<Database>) {
  return {
    /** Begins a period with what the ledger says was spent in it; one that has begun stays as it is. */
    async open({ keyId, window, start }: BudgetPeriod): Promise<void> {
      await sql`
        insert into key_budgets (key_id, budget_window, window_start, spent_nanos, reserved_nanos)
        select ${keyId}, ${window}, ${whole(start)}, cast(coalesce(sum(cost_nanos), 0) as bigint), 0
        from ledger
        where key_id = ${keyId} and at >= ${whole(start)}
        on conflict do nothing
      `.execute(db);
    },

    async find({ keyId, window, start }: BudgetPeriod): Promise<BudgetState | undefined> {
      const row = await db
        .selectFrom("key_budgets")
        .select(["spent_nanos", "reserved_nanos"])
        .where("key_id", "=", keyId)
        .where("budget_window", "=", window)
        .where("window_start", "=", start)
        .executeTakeFirst();
      return row && { spentNanos: row.spent_nanos, reservedNanos: row.reserved_nanos };
    },

    /**
     * Holds an amount, if what was spent, what is held already and the amount fit into the budget: asked and done by
     * one statement, so that any number of requests at once cannot exceed it. False when it does not fit, or the
     * period has not been opened.
     */
    async reserve(reservation: Reservation, budgetNanos: number): Promise<boolean> {
      const { keyId, window, start, amountNanos } = reservation;
      const amount = BigInt(amountNanos);
      const held = await executePrepared(db, {
        name: "hold money",
        build: toHold,
        parameters: [amount, keyId, window, start, amount, BigInt(budgetNanos)],
      });
      if (held.numAffectedRows !== 1n) return false;
      await insertRows(db, {
        table: "reservations",
        rows: [
          {
            id: reservation.id,
            key_id: keyId,
            budget_window: window,
            window_start: start,
            amount_nanos: amountNanos,
            owner: reservation.owner,
            created_at: reservation.createdAt,
          },
        ],
      });
      return true;
    },

    /**
     * Gives back what a reservation holds and notes what was spent instead; nothing for a request that failed. False
     * when it was settled before: then nothing changes.
     */
    async settle(reservationId: string, spentNanos: number): Promise<boolean> {
      const { rows } = await executePrepared<HeldRow>(db, {
        name: "let go of money",
        build: toLetGo,
        parameters: [reservationId],
      });
      const [held] = rows;
      if (held === undefined) return false;
      const spent = BigInt(spentNanos);
      const { key_id: keyId, budget_window: window, window_start: start } = held;
      await executePrepared(db, {
        name: "spend money",
        build: toSpend,
        parameters: [nanosMax, spent, nanosMax, spent, BigInt(held.amount_nanos), keyId, window, start],
      });
      return true;
    },

    /** Gives back everything that none of the processes that live holds; answers with the number of reservations. */
    async giveBackOrphans(livingOwners: readonly string[]): Promise<number> {
      const living = sql.join(livingOwners);
      const isOrphan =
        livingOwners.length === 0 ? sql<boolean>`true` : sql<boolean>`owner not in (${living})`;
      await sql`
        update key_budgets set reserved_nanos = reserved_nanos - (
          select cast(sum(amount_nanos) as bigint) from reservations
          where reservations.key_id = key_budgets.key_id
            and reservations.budget_window = key_budgets.budget_window
            and reservations.window_start = key_budgets.window_start
            and ${isOrphan}
        )
        where (key_id, budget_window, window_start) in (
          select key_id, budget_window, window_start from reservations where ${isOrphan}
        )
      `.execute(db);
      const result = await db.deleteFrom("reservations").where(isOrphan).executeTakeFirstOrThrow();
      return Number(result.numDeletedRows);
    },

    /** Forgets periods that began before a time, but for budgets that have only one; answers with their number. */
    async deleteBefore(start: number): Promise<number> {
      const result = await db
        .deleteFrom("key_budgets")
        .where("window_start", "<", start)
        .where("budget_window", "!=", "total")
        .where("reserved_nanos", "=", 0)
        .executeTakeFirstOrThrow();
      return Number(result.numDeletedRows);
    },
  };
}
