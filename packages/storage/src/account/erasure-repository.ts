import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";

/** Removing a user with everything that is theirs, in steps that hold up nobody. */
export type ErasureRepository = ReturnType<typeof createErasureRepository>;

/** Creates the repository over a connection or a transaction. */
export function createErasureRepository(db: Kysely<Database>) {
  return {
    /**
     * Takes name, password and keys from an account: from here on it is nobody's, and its name is free. What is left of
     * it is found by `listBegun` until `finish`.
     */
    async begin(userId: number, now: number): Promise<void> {
      await db
        .updateTable("users")
        .set({
          username: "",
          // No name that anybody can choose has a control character.
          username_key: `\u0001${userId}`,
          password_hash: "",
          status: "disabled",
          role: "user",
          tokens_valid_from: now,
          erased_at: now,
        })
        .where("id", "=", userId)
        .execute();
      await db.deleteFrom("api_keys").where("user_id", "=", userId).execute();
    },

    /** The accounts whose removal was begun and not finished. */
    async listBegun(): Promise<number[]> {
      const rows = await db
        .selectFrom("users")
        .select("id")
        .where("erased_at", "is not", null)
        .orderBy("id")
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Takes the user out of lines of the ledger, at most `limit` of them. @returns how many there were. */
    async forgetLedger(userId: number, limit: number): Promise<number> {
      const lines = db.selectFrom("ledger").select("request_id").where("user_id", "=", userId).limit(limit);
      const result = await db
        .updateTable("ledger")
        .set({ user_id: null, key_id: null })
        .where("request_id", "in", lines)
        .executeTakeFirstOrThrow();
      return Number(result.numUpdatedRows);
    },

    /**
     * Takes the user out of records, with everything in them that is of a person, at most `limit` of them.
     *
     * @returns how many there were.
     */
    async forgetRecords(userId: number, limit: number): Promise<number> {
      const rows = await db
        .selectFrom("request_records")
        .select("id")
        .where("user_id", "=", userId)
        .limit(limit)
        .execute();
      if (rows.length === 0) return 0;
      const ids = rows.map(({ id }) => id);
      const bodies = await db
        .deleteFrom("record_bodies")
        .where("record_id", "in", ids)
        .returning("bytes")
        .execute();
      const bytes = bodies.reduce((sum, row) => sum + row.bytes, 0);
      await sql`update record_totals set body_bytes = max(0, body_bytes - ${bytes}) where id = 1`.execute(db);
      await db
        .updateTable("request_records")
        .set({
          user_id: null,
          key_id: null,
          key_name: null,
          client_ip: null,
          user_agent: null,
          run_id: null,
          message_id: null,
          voice: null,
        })
        .where("id", "in", ids)
        .execute();
      return ids.length;
    },

    /** Removes what is left of an account. */
    async finish(userId: number): Promise<void> {
      await db.deleteFrom("users").where("id", "=", userId).execute();
    },
  };
}
