import { sql, type Kysely } from "kysely";

/** Finding, ordering and putting away conversations. */
export async function createShelf(db: Kysely<unknown>): Promise<void> {
  await addColumns(db);
  await createSearch(db);
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
  // Made anew, and filled, by a later step.
  await sql`
    create virtual table search_index using fts5 (
      scope, title, content, content = '', contentless_delete = 1, tokenize = 'ascii'
    )
  `.execute(db);
  await sql`
    create trigger search_entries_delete after delete on search_entries begin
      delete from search_index where rowid = old.id;
    end
  `.execute(db);
}
