import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { insertRows, splitRows } from "../insert-rows.ts";
import { executePrepared } from "../prepared-statement.ts";
import { writeLate } from "../sqlite/late-writes.ts";
import {
  toKnowledgePassage,
  type KnowledgePassage,
  type KnowledgeVector,
  type NewKnowledgePassage,
} from "./knowledge-row.ts";
import { toPassageEntry, writePassageIndex } from "./passage-index.ts";
import { claimDims } from "./space-dims.ts";
import { toVectorBytes } from "./vector-bytes.ts";

/** Passages of documents, with their words and vectors. */
export type PassageRepository = ReturnType<typeof createPassageRepository>;

/** Where a passage stands among those of its base. */
export type PassagePlace = { readonly version: number; readonly position: number };

/** A passage that has no vector yet. */
export type PassageToEmbed = PassagePlace & {
  readonly id: number;
  readonly headings: readonly string[];
  readonly content: string;
};

/** A passage that is found, and where it belongs. */
export type PlacedPassage = KnowledgePassage & {
  readonly baseId: string;
  readonly documentId: string;
  readonly documentName: string;
};

/** Creates the repository over a connection or a transaction. */
export function createPassageRepository(db: Kysely<Database>) {
  return {
    /**
     * Adds passages to a content that is being worked on, a few dozen at a time; those whose position is taken are left
     * out. False when the content is no longer worked on.
     */
    async insertBatch(versionId: string, passages: readonly NewKnowledgePassage[]): Promise<boolean> {
      const version = await findOpenVersion(db, versionId);
      if (version === undefined) return false;
      let inserted = 0;
      for (const some of splitRows(passages)) {
        const ids = await insertPassages(db, version.number, some);
        const entries = some.flatMap((passage) => {
          const id = ids.get(passage.position);
          return id === undefined ? [] : [toPassageEntry(id, version, passage)];
        });
        await writeLate(db, writePassageIndex, entries);
        inserted += entries.length;
      }
      await db
        .updateTable("knowledge_versions")
        .set({ passages: sql<number>`passages + ${inserted}` })
        .where("number", "=", version.number)
        .execute();
      return true;
    },

    /**
     * Adds vectors to a space, brought to the length one. Passages that have one already, or are gone, are left out.
     *
     * @throws DomainError `conflict` when they have more or less numbers than those that are there, or the space is gone.
     */
    async insertVectors(spaceId: number, vectors: readonly KnowledgeVector[]): Promise<void> {
      const [first] = vectors;
      if (first === undefined) return;
      await claimDims(db, { spaceId, vectors });
      const known = await db
        .selectFrom("knowledge_passages")
        .select("id")
        .where(
          "id",
          "in",
          vectors.map(({ passageId }) => passageId),
        )
        .execute();
      const isThere = new Set(known.map(({ id }) => id));
      const rows = vectors
        .filter(({ passageId }) => isThere.has(passageId))
        .map(({ passageId, vector }) => ({
          space_id: spaceId,
          passage_id: passageId,
          vector: toVectorBytes(vector),
        }));
      await insertRows(db, { table: "knowledge_vectors", rows, ignoresKnown: true });
    },

    /**
     * Passages without a vector in a space, of one content or of all that are worked on or found in a base, in the order
     * of their places.
     */
    async listWithoutVector(
      spaceId: number,
      of: { readonly baseId: string } | { readonly versionId: string },
      page: { readonly after?: PassagePlace | undefined; readonly limit: number },
    ): Promise<PassageToEmbed[]> {
      const { version, position } = page.after ?? { version: 0, position: -1 };
      const versions =
        "baseId" in of ? sql`version.base_id = ${of.baseId}` : sql`version.id = ${of.versionId}`;
      const { rows } = await sql<PassagePlace & { id: number; headings: string | null; content: string }>`
        select passage.id, passage.version, passage.position, passage.headings, passage.content
        from knowledge_versions as version
        cross join knowledge_passages as passage on passage.version = version.number
        where ${versions} and version.number >= ${version}
          and version.state in ('waiting', 'reading', 'embedding', 'ready')
          and passage.position > case when version.number = ${version} then ${position} else -1 end
          and not exists (
            select 1 from knowledge_vectors where space_id = ${spaceId} and passage_id = passage.id
          )
        order by version.number, passage.position limit ${page.limit}
      `.execute(db);
      return rows.map((row) => ({
        ...row,
        headings: row.headings === null ? [] : (JSON.parse(row.headings) as string[]),
      }));
    },

    /** How many passages there are in a base, those included that are not yet found. */
    async countOfBase(baseId: string): Promise<number> {
      const row = await db
        .selectFrom("knowledge_versions")
        .select(({ fn }) => fn.sum<number | null>("passages").as("passages"))
        .where("base_id", "=", baseId)
        .where("state", "in", ["waiting", "reading", "embedding", "ready"])
        .executeTakeFirstOrThrow();
      return row.passages ?? 0;
    },

    /** Passages that are found, in no order; those that are not are left out. */
    async read(ids: readonly number[]): Promise<PlacedPassage[]> {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom("knowledge_passages as passage")
        .innerJoin("knowledge_versions as version", "version.number", "passage.version")
        .innerJoin("knowledge_documents as document", "document.id", "version.document_id")
        .selectAll("passage")
        .select(["document.base_id", "document.id as document_id", "document.name as document_name"])
        .where("passage.id", "in", ids)
        .whereRef("document.current_version", "=", "passage.version")
        .execute();
      return rows.map((row) => ({
        ...toKnowledgePassage(row),
        baseId: row.base_id,
        documentId: row.document_id,
        documentName: row.document_name,
      }));
    },

    /** A page of the passages of a document that are found, in the order of the text, from behind a position. */
    async listOfDocument(
      documentId: string,
      page: { readonly after?: number | undefined; readonly limit: number },
    ): Promise<KnowledgePassage[]> {
      const rows = await db
        .selectFrom("knowledge_documents as document")
        .innerJoin("knowledge_passages as passage", "passage.version", "document.current_version")
        .selectAll("passage")
        .where("document.id", "=", documentId)
        .where("passage.position", ">", page.after ?? -1)
        .orderBy("passage.position")
        .limit(page.limit)
        .execute();
      return rows.map(toKnowledgePassage);
    },
  };
}

/** What passages of a content need to know of it, while it is worked on. */
async function findOpenVersion(db: Kysely<Database>, versionId: string) {
  return db
    .selectFrom("knowledge_versions as version")
    .innerJoin("knowledge_documents as document", "document.id", "version.document_id")
    .innerJoin("knowledge_bases as base", "base.id", "version.base_id")
    .select(["version.number", "base.number as baseNumber", "document.name as documentName"])
    .where("version.id", "=", versionId)
    .where("version.state", "in", ["waiting", "reading", "embedding"])
    .executeTakeFirst();
}

/** Inserts passages in one statement. @returns their ids by their positions. */
async function insertPassages(
  db: Kysely<Database>,
  version: number,
  passages: readonly NewKnowledgePassage[],
): Promise<Map<number, number>> {
  const rows = passages.map(({ position, start, end, headings, page, content }) => ({
    version,
    position,
    first_char: start,
    end_char: end,
    headings: headings.length === 0 ? null : JSON.stringify(headings),
    page: page ?? null,
    content,
  }));
  const inserted = await executePrepared<{ id: number; position: number }>(db, {
    name: `insert knowledge passages ${rows.length}`,
    build: (given) =>
      given
        .insertInto("knowledge_passages")
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .returning(["id", "position"]),
    parameters: rows.flatMap((row) => Object.values(row)),
  });
  return new Map(inserted.rows.map(({ id, position }) => [position, id]));
}
