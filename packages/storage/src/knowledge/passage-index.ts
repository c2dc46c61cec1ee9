import type { Kysely } from "kysely";
import type { Database } from "../database.ts";
import { insertRows } from "../insert-rows.ts";
import { executePrepared } from "../prepared-statement.ts";
import { toSearchText } from "../search/search-words.ts";
import type { NewKnowledgePassage } from "./knowledge-row.ts";
import type { KnowledgeIndexTable } from "./knowledge-table.ts";

/** The word that all passages of a base are marked with. */
export const toBaseWord = (baseId: string) => baseId.replaceAll(/[^a-zA-Z0-9]/g, "").toLowerCase();

/** The word that all passages of a content are marked with. */
export const toVersionWord = (version: number) => `v${version}`;

/** The row of the index for a passage. A document's name and its headings say what a passage is about. */
export function toPassageEntry(
  id: number,
  version: { readonly number: number; readonly baseId: string; readonly documentName: string },
  passage: NewKnowledgePassage,
): KnowledgeIndexTable {
  return {
    rowid: id,
    scope: `${toBaseWord(version.baseId)} ${toVersionWord(version.number)}`,
    title: [version.documentName, ...passage.headings].join("\n"),
    content: passage.content,
  };
}

/** Writes rows of the index, whose texts are not yet in its form. */
export async function writePassageIndex(
  db: Kysely<Database>,
  rows: readonly KnowledgeIndexTable[],
  isLate: boolean,
): Promise<void> {
  if (rows.length === 0) return;
  const wanted = isLate ? await findWanted(db, rows) : rows;
  // A row a statement: one of several has a savepoint of its own, and at every savepoint the index writes itself out.
  for (const { rowid, scope, title, content } of wanted) {
    const row = { rowid, scope, title: toSearchText(title), content: toSearchText(content) };
    await insertRows(db, { table: "knowledge_index", rows: [row] });
  }
}

/** Those whose passage is there: by the end of a transaction it may be gone. */
async function findWanted(
  db: Kysely<Database>,
  rows: readonly KnowledgeIndexTable[],
): Promise<KnowledgeIndexTable[]> {
  const byId = new Map(rows.map((row) => [row.rowid, row]));
  const passages = await executePrepared<{ id: number }>(db, {
    name: "knowledge passages between",
    build: (given) =>
      given
        .selectFrom("knowledge_passages")
        .select("id")
        .where("id", ">=", 0)
        .where("id", "<=", 0)
        .orderBy("id"),
    parameters: [Math.min(...byId.keys()), Math.max(...byId.keys())],
  });
  return passages.rows.flatMap(({ id }) => byId.get(id) ?? []);
}
