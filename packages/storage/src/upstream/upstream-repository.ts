import type { Kysely } from "kysely";
import type { Database } from "../database.ts";
import { toUpstreamRecord, type UpstreamRecord } from "./upstream-row.ts";

/** The rows of `upstreams`. */
export type UpstreamRepository = ReturnType<typeof createUpstreamRepository>;

/** Creates the repository over a connection or a transaction. */
export function createUpstreamRepository(db: Kysely<Database>) {
  return {
    /** All upstreams, in their order. */
    async list(): Promise<UpstreamRecord[]> {
      const rows = await db.selectFrom("upstreams").selectAll().orderBy("position").orderBy("id").execute();
      return rows.map(toUpstreamRecord);
    },

    async insert(upstream: UpstreamRecord): Promise<void> {
      await db
        .insertInto("upstreams")
        .values({
          id: upstream.id,
          name: upstream.name,
          source: upstream.source,
          endpoint: upstream.endpoint,
          key_sealed: upstream.keySealed,
          models: JSON.stringify(upstream.models),
          aliases: JSON.stringify(upstream.aliases),
          clocks: upstream.clocks === null ? null : JSON.stringify(upstream.clocks),
          position: upstream.position,
          updated_at: upstream.updatedAt,
        })
        .execute();
    },

    /** Removes every upstream that came from one of the sources. */
    async deleteBySource(sources: readonly string[]): Promise<void> {
      if (sources.length === 0) return;
      await db.deleteFrom("upstreams").where("source", "in", sources).execute();
    },
  };
}
