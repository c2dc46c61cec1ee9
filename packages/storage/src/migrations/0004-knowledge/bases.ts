import { sql, type Kysely } from "kysely";

/** Knowledge bases, who reads them, and the spaces that their vectors are in. */
export async function createBases(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("knowledge_bases")
    // What the words of its passages are marked with. No number is given twice.
    .addColumn("number", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("id", "text", (column) => column.notNull().unique())
    // Without an owner it is removed like one that was deleted: in steps, and not by a cascade over all its passages.
    .addColumn("user_id", "bigint", (column) => column.references("users.id").onDelete("set null"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("space_id", "integer")
    .addColumn("next_space_id", "integer")
    // Counts what changes the passages that a search may find: what is known for one number holds as long as it does.
    .addColumn("revision", "bigint", (column) => column.notNull().defaultTo(0))
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("removed_at", "bigint")
    .execute();
  await db.schema
    .createIndex("knowledge_bases_user")
    .on("knowledge_bases")
    .columns(["user_id", "id"])
    .execute();
  await sql`
    create index knowledge_bases_removed on knowledge_bases (id) where removed_at is not null or user_id is null
  `.execute(db);
  await createReaders(db);
  await createSpaces(db);
}

async function createReaders(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("knowledge_readers")
    .addColumn("base_id", "text", (column) =>
      column.notNull().references("knowledge_bases.id").onDelete("cascade"),
    )
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("knowledge_readers_key", ["base_id", "user_id"])
    .execute();
  await db.schema
    .createIndex("knowledge_readers_user")
    .on("knowledge_readers")
    .columns(["user_id", "base_id"])
    .execute();
}

/** Only vectors of one space can be compared. */
async function createSpaces(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("knowledge_spaces")
    // No number is given twice: who searches keeps vectors by it.
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("base_id", "text", (column) =>
      column.notNull().references("knowledge_bases.id").onDelete("cascade"),
    )
    .addColumn("model", "text", (column) => column.notNull())
    // Known when the first vector comes.
    .addColumn("dims", "integer")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("knowledge_spaces_base").on("knowledge_spaces").column("base_id").execute();
}
