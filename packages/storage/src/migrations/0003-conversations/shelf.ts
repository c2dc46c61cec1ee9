import { sql, type Kysely } from "kysely";
import type { Database } from "../../database.ts";
import { indexMessages, indexTitle } from "../../search/write-search.ts";

/** Finding, ordering and putting away conversations. */
export async function createShelf(db: Kysely<unknown>): Promise<void> {
  await addColumns(db);
  await createSearch(db);
  await indexStored(db);
}

async function addColumns(db: Kysely<unknown>): Promise<void> {
  const conversations = () => db.schema.alterTable("conversations");
  await conversations()
    .addColumn("title_source", "text", (column) =>
      column
        .notNull()
        .defaultTo("user")
        .check(sql`title_source in ('user', 'model', 'words')`),
    )
    .execute();
  await conversations()
    .addColumn("pinned", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
  await conversations()
    .addColumn("archived", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
  await conversations().addColumn("import_key", "text").execute();
  // Two indexes, so that a page costs what it returns whatever share of the conversations is put away.
  await db.schema
    .createIndex("conversations_shelf")
    .on("conversations")
    .columns(["user_id", "archived", "pinned", "id"])
    .execute();
  await db.schema
    .createIndex("conversations_pinned")
    .on("conversations")
    .columns(["user_id", "pinned", "id"])
    .execute();
  await sql`
    create unique index conversations_import on conversations (user_id, import_key) where import_key is not null
  `.execute(db);
  await db.schema.alterTable("users").addColumn("erased_at", "bigint").execute();
  await sql`create index users_erased on users (id) where erased_at is not null`.execute(db);
}

async function createSearch(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("search_entries")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("user_id", "bigint", (column) => column.notNull())
    .addColumn("conversation_id", "bigint", (column) =>
      column.notNull().references("conversations.id").onDelete("cascade"),
    )
    .addColumn("message_id", "text", (column) => column.references("messages.id").onDelete("cascade"))
    .addColumn("role", "text")
    .addColumn("model", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("search_entries_conversation")
    .on("search_entries")
    .columns(["conversation_id", "message_id"])
    .execute();
  await db.schema.createIndex("search_entries_message").on("search_entries").column("message_id").execute();
  // Contentless: the texts stand in their own tables. The tokenizer takes words as we have written them.
  await sql`
    create virtual table search_index using fts5 (
      scope, title, content, content = '', contentless_delete = 1, tokenize = 'ascii'
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
