import { sql, type Kysely } from "kysely";

/** Passages, the words that they are found by, and their vectors. */
export async function createPassages(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("knowledge_passages")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("version", "integer", (column) => column.notNull().references("knowledge_versions.number"))
    .addColumn("position", "integer", (column) => column.notNull())
    .addColumn("first_char", "integer", (column) => column.notNull())
    .addColumn("end_char", "integer", (column) => column.notNull())
    // JSON; null: none.
    .addColumn("headings", "text")
    .addColumn("page", "integer")
    .addColumn("content", "text", (column) => column.notNull())
    .addUniqueConstraint("knowledge_passages_place", ["version", "position"])
    .execute();
  await createIndex(db);
  await createVectors(db);
}

async function createIndex(db: Kysely<unknown>): Promise<void> {
  // Contentless: the texts stand in their own table. The tokenizer takes words as we have written them.
  await sql`
    create virtual table knowledge_index using fts5 (
      scope, title, content, content = '', contentless_delete = 1, tokenize = 'ascii'
    )
  `.execute(db);
  // In how many passages a word stands decides whether it is looked for.
  await sql`create virtual table knowledge_words using fts5vocab (knowledge_index, 'row')`.execute(db);
  await sql`
    create trigger knowledge_passages_delete after delete on knowledge_passages begin
      delete from knowledge_index where rowid = old.id;
      delete from knowledge_vectors where passage_id = old.id and space_id in (
        select id from knowledge_spaces where base_id = (
          select base_id from knowledge_versions where number = old.version
        )
      );
    end
  `.execute(db);
}

/**
 * In a table of its own, with rows that fit into a page where they can: those that search by words never read them.
 * They go with their passage, by a trigger; or with their space, in steps.
 */
async function createVectors(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("knowledge_vectors")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("space_id", "integer", (column) => column.notNull())
    .addColumn("passage_id", "integer", (column) => column.notNull())
    // Floats of 32 bits, little end first; the length of all is one.
    .addColumn("vector", "blob", (column) => column.notNull())
    .addUniqueConstraint("knowledge_vectors_passage", ["space_id", "passage_id"])
    .execute();
}
