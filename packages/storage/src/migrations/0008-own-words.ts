import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { indexMessages, indexTitle } from "../search/write-search.ts";

/**
 * The index of texts anew, over each user's own words. Before, whose a text was stood in it as a word beside the others:
 * a search counted all texts of its user for its ranking, and the words that it looked for in the texts of everybody.
 */
export async function up(db: Kysely<Database>): Promise<void> {
  await sql`drop trigger search_entries_delete`.execute(db);
  await sql`drop table search_index`.execute(db);
  await sql`delete from search_entries`.execute(db);
  // Contentless: the texts stand in their own tables. The tokenizer takes words as we have written them.
  await sql`
    create virtual table search_index using fts5 (
      title, content, content = '', contentless_delete = 1, tokenize = 'ascii'
    )
  `.execute(db);
  // Every commit adds a small part to the index. Many are put together at once, and always a bit at a time: a quarter
  // less work for each text than with the defaults, for a search that looks into some more parts.
  await sql`insert into search_index (search_index, rank) values ('automerge', 16)`.execute(db);
  await sql`insert into search_index (search_index, rank) values ('crisismerge', 64)`.execute(db);
  await sql`
    create trigger search_entries_delete after delete on search_entries begin
      delete from search_index where rowid = old.id;
    end
  `.execute(db);
  await indexStored(db);
}

const pageSize = 500;

/** Makes findable what is stored already, page by page: a big database is never in memory. */
async function indexStored(db: Kysely<Database>): Promise<void> {
  for (let after = 0; ;) {
    const page = await db
      .selectFrom("conversations")
      .select(["id", "user_id", "title", "created_at"])
      .where("id", ">", after)
      .orderBy("id")
      .limit(pageSize)
      .execute();
    for (const row of page) {
      const { id: conversationId, user_id: userId, title, created_at: createdAt } = row;
      await indexTitle(db, { conversationId, userId, title, createdAt });
    }
    if (page.length < pageSize) break;
    after = page.at(-1)?.id ?? after;
  }
  for (let after = ""; ;) {
    const page = await db
      .selectFrom("messages")
      .select(["id", "conversation_id", "role", "content", "model", "created_at"])
      .where("id", ">", after)
      .orderBy("id")
      .limit(pageSize)
      .execute();
    const messages = page.map((row) => ({
      ...row,
      conversationId: row.conversation_id,
      createdAt: row.created_at,
    }));
    await indexMessages(db, messages);
    if (page.length < pageSize) break;
    after = page.at(-1)?.id ?? after;
  }
}
