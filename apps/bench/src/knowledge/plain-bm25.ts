import { DatabaseSync } from "node:sqlite";

/** What a passage says, and the headings that it stands under. */
export type PlainPassage = { readonly headings: readonly string[]; readonly content: string };

/** FTS5 as it comes: its own tokenizer, its own ranking, any of the question's words. What everything else is beside. */
export function createPlainSearch(passages: readonly PlainPassage[]) {
  const database = new DatabaseSync(":memory:");
  database.exec("create virtual table passages using fts5 (content)");
  const insert = database.prepare("insert into passages (rowid, content) values (?, ?)");
  for (const [index, { headings, content }] of passages.entries()) {
    insert.run(index, [...headings, content].join("\n"));
  }
  const select = database.prepare(
    "select rowid from passages where passages match ? order by bm25(passages) limit ?",
  );
  return (question: string, limit: number): PlainPassage[] => {
    const words = question.match(/[\p{L}\p{N}]+/gu) ?? [];
    if (words.length === 0) return [];
    const rows = select.all(words.map((word) => `"${word}"`).join(" OR "), limit);
    return rows.map(({ rowid }) => passages[Number(rowid)] as PlainPassage);
  };
}
