import type { Price, PriceRefInput, UnitPrices } from "@llm-backend/contract";
import type { Kysely } from "kysely";
import type { Database } from "../database.ts";

/** The rows of `prices`. */
export type PriceRepository = ReturnType<typeof createPriceRepository>;

const everyUpstream = "";

/** Creates the repository over a connection or a transaction. */
export function createPriceRepository(db: Kysely<Database>) {
  return {
    /** All prices, by their patterns. */
    async list(): Promise<Price[]> {
      const rows = await db.selectFrom("prices").selectAll().orderBy("model").orderBy("upstream").execute();
      return rows.map((row) => ({
        model: row.model,
        ...(row.upstream === everyUpstream ? {} : { upstream: row.upstream }),
        prices: JSON.parse(row.unit_prices) as UnitPrices,
      }));
    },

    /** Sets a price, in the place of the one that was there. */
    async put(price: Price, now: number): Promise<void> {
      const values = { unit_prices: JSON.stringify(price.prices), updated_at: now };
      await db
        .insertInto("prices")
        .values({ model: price.model, upstream: price.upstream ?? everyUpstream, ...values })
        .onConflict((conflict) => conflict.columns(["model", "upstream"]).doUpdateSet(values))
        .execute();
    },

    /** Removes a price; false when there is none. */
    async delete(price: PriceRefInput): Promise<boolean> {
      const result = await db
        .deleteFrom("prices")
        .where("model", "=", price.model)
        .where("upstream", "=", price.upstream ?? everyUpstream)
        .executeTakeFirstOrThrow();
      return result.numDeletedRows === 1n;
    },
  };
}
