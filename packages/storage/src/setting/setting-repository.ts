import type { Kysely } from "kysely";
import type { Database } from "../database.ts";

/** The rows of `settings`: what the system must remember about itself. */
export type SettingRepository = ReturnType<typeof createSettingRepository>;

/** The keys that are in use. */
export type SettingKey =
  | "setup_token_hash"
  | "master_key_check"
  /** Counts the changes of the list of upstreams. */
  | "upstream_revision"
  /** The highest number that an upstream was given. */
  | "upstream_number";

/** Creates the repository over a connection or a transaction. */
export function createSettingRepository(db: Kysely<Database>) {
  return {
    async find(key: SettingKey): Promise<string | undefined> {
      const row = await db.selectFrom("settings").select("value").where("key", "=", key).executeTakeFirst();
      return row?.value;
    },

    async put(key: SettingKey, value: string): Promise<void> {
      await db
        .insertInto("settings")
        .values({ key, value })
        .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
        .execute();
    },

    async delete(key: SettingKey): Promise<void> {
      await db.deleteFrom("settings").where("key", "=", key).execute();
    },
  };
}
