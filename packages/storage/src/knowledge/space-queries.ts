import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";

/** Vectors of one model, for one base. */
export type KnowledgeSpace = {
  readonly id: number;
  readonly baseId: string;
  readonly model: string;
  /** Null: no vector has come yet. */
  readonly dims: number | null;
};

/** Creates the part of the repository of bases that is about the spaces of their vectors. */
export function createSpaceQueries(db: Kysely<Database>) {
  return {
    /** The spaces that are searched in some bases. */
    async listSpaces(baseIds: readonly string[]): Promise<KnowledgeSpace[]> {
      if (baseIds.length === 0) return [];
      return db
        .selectFrom("knowledge_bases as base")
        .innerJoin("knowledge_spaces as space", "space.id", "base.space_id")
        .select(["space.id", "space.base_id as baseId", "space.model", "space.dims"])
        .where("base.id", "in", baseIds)
        .where("base.removed_at", "is", null)
        .execute();
    },

    /**
     * Begins a space for another model; one that was begun before is given up. The base is searched with the vectors that
     * it has until `switchSpace`. @returns the space to fill; undefined when the base is gone.
     */
    async setModel(baseId: string, model: string, now: number): Promise<number | undefined> {
      const base = await db
        .selectFrom("knowledge_bases")
        .select("id")
        .where("id", "=", baseId)
        .where("removed_at", "is", null)
        .executeTakeFirst();
      if (base === undefined) return undefined;
      const space = await db
        .insertInto("knowledge_spaces")
        .values({ base_id: baseId, model, dims: null, created_at: now })
        .returning("id")
        .executeTakeFirstOrThrow();
      await db
        .updateTable("knowledge_bases")
        .set({ next_space_id: space.id })
        .where("id", "=", baseId)
        .execute();
      return space.id;
    },

    /** Gives up the space that is being filled; false when there is none. */
    async abandonModel(baseId: string): Promise<boolean> {
      const result = await db
        .updateTable("knowledge_bases")
        .set({ next_space_id: null })
        .where("id", "=", baseId)
        .where("next_space_id", "is not", null)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /**
     * From here on the base is searched with the space that was filled. In the same transaction, `listWithoutVector` has
     * to have said that it is full. False when it is no longer the one that is wanted.
     */
    async switchSpace(baseId: string, spaceId: number): Promise<boolean> {
      const result = await db
        .updateTable("knowledge_bases")
        .set({ space_id: spaceId, next_space_id: null, revision: sql<number>`revision + 1` })
        .where("id", "=", baseId)
        .where("next_space_id", "=", spaceId)
        .where("removed_at", "is", null)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /** Spaces that are neither searched nor filled. */
    async listIdleSpaces(limit: number): Promise<number[]> {
      const rows = await db
        .selectFrom("knowledge_spaces as space")
        .innerJoin("knowledge_bases as base", "base.id", "space.base_id")
        .select("space.id")
        .where(sql<boolean>`space.id is not base.space_id and space.id is not base.next_space_id`)
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Removes vectors of a space, at most `limit`, and with the last of them the space. @returns how many there were. */
    async deleteVectors(spaceId: number, limit: number): Promise<number> {
      const some = db
        .selectFrom("knowledge_vectors")
        .select("id")
        .where("space_id", "=", spaceId)
        .limit(limit);
      const result = await db
        .deleteFrom("knowledge_vectors")
        .where("id", "in", some)
        .executeTakeFirstOrThrow();
      const removed = Number(result.numDeletedRows);
      if (removed < limit) await db.deleteFrom("knowledge_spaces").where("id", "=", spaceId).execute();
      return removed;
    },
  };
}
