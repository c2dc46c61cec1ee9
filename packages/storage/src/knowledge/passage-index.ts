import type { Kysely } from "kysely";
import type { Database } from "../database.ts";
import { insertRows } from "../insert-rows.ts";
import { executePrepared } from "../prepared-statement.ts";
import { toSearchText } from "../search/search-words.ts";
import type { NewKnowledgePassage } from "./knowledge-row.ts";
import type { KnowledgeIndexTable } from "./knowledge-table.ts";

/** The word that all passages of a content are marked with. */
export const toVersionWord = (version: number) => `v${version}`;

/** Words as the index cuts them out of a text. */
const indexedWords = /[0-9A-Za-z\u0080-\uffff]+/g;

/**
 * Makes the words of a text those of one base: the index then has lists of each base's own. A search reads nothing of
 * other bases, and how rare a word is there says nothing about it here.
 *
 * @param text - As `toSearchText` writes it.
 */
export function toBaseWords(text: string, baseNumber: number): string {
  // A number and a letter: the words of no other base begin so.
  return text.replaceAll(indexedWords, `${baseNumber}b$&`);
}

/** What the index needs to know of the content that a passage belongs to. */
export type IndexedVersion = {
  readonly number: number;
  readonly baseNumber: number;
  readonly documentName: string;
};

/** A row of the index, whose texts are not yet in its form. */
export type PassageEntry = KnowledgeIndexTable & { readonly baseNumber: number };

/** The row of the index for a passage. A document's name and its headings say what a passage is about. */
export function toPassageEntry(
  id: number,
  version: IndexedVersion,
  passage: NewKnowledgePassage,
): PassageEntry {
  return {
    rowid: id,
    baseNumber: version.baseNumber,
    scope: toVersionWord(version.number),
    title: [version.documentName, ...passage.headings].join("\n"),
    content: passage.content,
  };
}

/** Writes rows of the index, whose texts are not yet in its form. */
export async function writePassageIndex(
  db: Kysely<Database>,
  rows: readonly PassageEntry[],
  isLate: boolean,
): Promise<void> {
  if (rows.length === 0) return;
  const wanted = isLate ? await findWanted(db, rows) : rows;
  // A row a statement: one of several has a savepoint of its own, and at every savepoint the index writes itself out.
  for (const { rowid, baseNumber, scope, title, content } of wanted) {
    const toOwn = (text: string) => toBaseWords(toSearchText(text), baseNumber);
    const row = { rowid, scope, title: toOwn(title), content: toOwn(content) };
    await insertRows(db, { table: "knowledge_index", rows: [row] });
  }
}

/** Those whose passage is there: by the end of a transaction it may be gone. */
async function findWanted(db: Kysely<Database>, rows: readonly PassageEntry[]): Promise<PassageEntry[]> {
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
