import type { Kysely } from "kysely";
import type { Database } from "../database.ts";

/** Creates the part of the repository of bases that tells who may read them. */
export function createReaderQueries(db: Kysely<Database>) {
  return {
    /** Lets a user read a base; false when they do already. */
    async addReader(baseId: string, userId: number, now: number): Promise<boolean> {
      const result = await db
        .insertInto("knowledge_readers")
        .values({ base_id: baseId, user_id: userId, created_at: now })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return result.numInsertedOrUpdatedRows === 1n;
    },

    /** Takes that back; false when they did not. */
    async removeReader(baseId: string, userId: number): Promise<boolean> {
      const result = await db
        .deleteFrom("knowledge_readers")
        .where("base_id", "=", baseId)
        .where("user_id", "=", userId)
        .executeTakeFirstOrThrow();
      return result.numDeletedRows === 1n;
    },

    /** Who reads a base beside its owner, by name. */
    async listReaders(baseId: string): Promise<{ userId: number; username: string }[]> {
      return db
        .selectFrom("knowledge_readers")
        .innerJoin("users", "users.id", "knowledge_readers.user_id")
        .select(["users.id as userId", "users.username"])
        .where("base_id", "=", baseId)
        .orderBy("users.username_key")
        .execute();
    },

    /** Those of some bases that a user owns or reads, in the order given. */
    async listMayRead(userId: number, ids: readonly string[]): Promise<string[]> {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom("knowledge_bases as base")
        .select("base.id")
        .where("base.id", "in", ids)
        .where("base.removed_at", "is", null)
        .where("base.user_id", "is not", null)
        .where(({ eb, or, exists, selectFrom }) =>
          or([
            eb("base.user_id", "=", userId),
            exists(
              selectFrom("knowledge_readers as reader")
                .select("reader.user_id")
                .whereRef("reader.base_id", "=", "base.id")
                .where("reader.user_id", "=", userId),
            ),
          ]),
        )
        .execute();
      const readable = new Set(rows.map(({ id }) => id));
      return ids.filter((id) => readable.has(id));
    },
  };
}
