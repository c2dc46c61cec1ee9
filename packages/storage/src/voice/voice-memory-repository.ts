import type { Kysely } from "kysely";
import type { Database } from "../database.ts";

/** What is remembered of conversations that voice engines hold. */
export type VoiceMemoryRepository = ReturnType<typeof createVoiceMemoryRepository>;

/** What is remembered of one conversation. */
export type VoiceMemoryRow = {
  readonly id: string;
  readonly userId: number | null;
  /** JSON: the turns, oldest first. */
  readonly turns: string;
  /** In milliseconds since 1970. */
  readonly updatedAt: number;
};

/** Creates the repository over a connection or a transaction. */
export function createVoiceMemoryRepository(db: Kysely<Database>) {
  return {
    async find(id: string): Promise<VoiceMemoryRow | undefined> {
      const row = await db.selectFrom("voice_memories").selectAll().where("id", "=", id).executeTakeFirst();
      return row && { id: row.id, userId: row.user_id, turns: row.turns, updatedAt: row.updated_at };
    },

    /** Puts it in the place of what was remembered before. */
    async save({ id, userId, turns, updatedAt }: VoiceMemoryRow): Promise<void> {
      await db
        .insertInto("voice_memories")
        .values({ id, user_id: userId, turns, updated_at: updatedAt })
        .onConflict((conflict) =>
          conflict.column("id").doUpdateSet({ user_id: userId, turns, updated_at: updatedAt }),
        )
        .execute();
    },

    /** Forgets what was not touched since a time, at most `limit` of it; returns how many there were. */
    async deleteOlder(before: number, limit: number): Promise<number> {
      const old = db
        .selectFrom("voice_memories")
        .select("id")
        .where("updated_at", "<", before)
        .orderBy("updated_at")
        .limit(limit);
      const result = await db.deleteFrom("voice_memories").where("id", "in", old).executeTakeFirstOrThrow();
      return Number(result.numDeletedRows);
    },
  };
}
