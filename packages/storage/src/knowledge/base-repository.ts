import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import type { KnowledgeBase } from "./knowledge-row.ts";
import { createReaderQueries } from "./reader-queries.ts";
import { createSpaceQueries } from "./space-queries.ts";

/** Knowledge bases, who may read them, and the spaces of their vectors. */
export type BaseRepository = ReturnType<typeof createBaseRepository>;

/** A base that is new. */
export type NewKnowledgeBase = {
  readonly id: string;
  readonly userId: number;
  readonly name: string;
  readonly embeddingModel: string;
  readonly createdAt: number;
};

/** Creates the repository over a connection or a transaction. */
export function createBaseRepository(db: Kysely<Database>) {
  return {
    ...createReaderQueries(db),
    ...createSpaceQueries(db),

    /** Adds a base, with an empty space of its model's vectors. */
    async insert({ id, userId, name, embeddingModel, createdAt }: NewKnowledgeBase): Promise<void> {
      const row = { id, user_id: userId, name, space_id: null, next_space_id: null, removed_at: null };
      await db
        .insertInto("knowledge_bases")
        .values({ ...row, created_at: createdAt })
        .execute();
      const space = await db
        .insertInto("knowledge_spaces")
        .values({ base_id: id, model: embeddingModel, dims: null, created_at: createdAt })
        .returning("id")
        .executeTakeFirstOrThrow();
      await db.updateTable("knowledge_bases").set({ space_id: space.id }).where("id", "=", id).execute();
    },

    /** A base, whoever asks; undefined when it was removed. */
    async find(id: string): Promise<KnowledgeBase | undefined> {
      const row = await selectBases(db).where("base.id", "=", id).executeTakeFirst();
      return row && toBase(row);
    },

    /** A page of the bases that a user owns or reads, newest first, from below a cursor. */
    async listReadable(
      userId: number,
      page: { before?: string | undefined; limit: number },
    ): Promise<KnowledgeBase[]> {
      const { before, limit } = page;
      const own = db
        .selectFrom("knowledge_bases")
        .select("id")
        .where("user_id", "=", userId)
        .where("removed_at", "is", null)
        .$if(before !== undefined, (query) => query.where("id", "<", before as string))
        .orderBy("id", "desc")
        .limit(limit);
      const read = db
        .selectFrom("knowledge_readers")
        .select("base_id as id")
        .where("user_id", "=", userId)
        .$if(before !== undefined, (query) => query.where("base_id", "<", before as string));
      const rows = await selectBases(db)
        .where(({ eb, or }) => or([eb("base.id", "in", own), eb("base.id", "in", read)]))
        .orderBy("base.id", "desc")
        .limit(limit)
        .execute();
      return rows.map(toBase);
    },

    /** Gives a base another name; false when it is gone. */
    async rename(id: string, name: string): Promise<boolean> {
      const result = await db
        .updateTable("knowledge_bases")
        .set({ name })
        .where("id", "=", id)
        .where("removed_at", "is", null)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /**
     * Removes a base for everybody; false when it is gone. What it held is found by `listRemoved`, and is to be removed in
     * steps.
     */
    async delete(id: string, now: number): Promise<boolean> {
      const result = await db
        .updateTable("knowledge_bases")
        .set({ removed_at: now, revision: sql<number>`revision + 1` })
        .where("id", "=", id)
        .where("removed_at", "is", null)
        .executeTakeFirstOrThrow();
      await db.deleteFrom("knowledge_readers").where("base_id", "=", id).execute();
      return result.numUpdatedRows === 1n;
    },

    /** Removes all bases of a user, as `delete` does. */
    async deleteOwn(userId: number, now: number): Promise<void> {
      const own = db.selectFrom("knowledge_bases").select("id").where("user_id", "=", userId);
      await db.deleteFrom("knowledge_readers").where("base_id", "in", own).execute();
      await db
        .updateTable("knowledge_bases")
        .set({ removed_at: now, revision: sql<number>`revision + 1` })
        .where("user_id", "=", userId)
        .where("removed_at", "is", null)
        .execute();
    },

    /** Bases that were removed, or whose owner was, and of which something is left. */
    async listRemoved(limit: number): Promise<string[]> {
      const rows = await db
        .selectFrom("knowledge_bases")
        .select("id")
        // As the index has it.
        .where(sql<boolean>`(removed_at is not null or user_id is null)`)
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Removes what is left of a base that was removed: its documents have to be gone. False while some are there. */
    async deleteRemoved(id: string): Promise<boolean> {
      const result = await db
        .deleteFrom("knowledge_bases")
        .where("id", "=", id)
        .where(sql<boolean>`(removed_at is not null or user_id is null)`)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom("knowledge_documents").select("id").where("base_id", "=", id))),
        )
        .executeTakeFirstOrThrow();
      return result.numDeletedRows === 1n;
    },
  };
}

/** Bases that are there, with the models of their spaces. */
function selectBases(db: Kysely<Database>) {
  return db
    .selectFrom("knowledge_bases as base")
    .innerJoin("knowledge_spaces as space", "space.id", "base.space_id")
    .leftJoin("knowledge_spaces as next", "next.id", "base.next_space_id")
    .select([
      "base.id",
      "base.user_id",
      "base.name",
      "base.space_id",
      "base.next_space_id",
      "base.created_at",
      "space.model",
      "next.model as next_model",
    ])
    .where("base.removed_at", "is", null)
    .where("base.user_id", "is not", null);
}

type BaseRow = Awaited<ReturnType<ReturnType<typeof selectBases>["execute"]>>[number];

function toBase(row: BaseRow): KnowledgeBase {
  return {
    id: row.id,
    userId: row.user_id as number,
    name: row.name,
    embeddingModel: row.model,
    spaceId: row.space_id as number,
    nextEmbeddingModel: row.next_model,
    nextSpaceId: row.next_space_id,
    createdAt: row.created_at,
  };
}
