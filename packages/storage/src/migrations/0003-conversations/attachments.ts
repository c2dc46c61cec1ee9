import { sql, type Kysely } from "kysely";

/** Files that belong to messages, stored once by their content. */
export async function createAttachments(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("attachment_blobs")
    .addColumn("hash", "text", (column) => column.primaryKey())
    .addColumn("file_key", "text", (column) => column.notNull().unique())
    .addColumn("media_type", "text", (column) => column.notNull())
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .addColumn("tokens", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("attachments")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("hash", "text", (column) => column.notNull().references("attachment_blobs.hash"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("uploaded_at", "bigint", (column) => column.notNull())
    .addColumn("waiting_since", "bigint")
    .addUniqueConstraint("attachments_content", ["user_id", "hash", "name"])
    .execute();
  await db.schema.createIndex("attachments_user").on("attachments").columns(["user_id", "id"]).execute();
  await db.schema.createIndex("attachments_hash").on("attachments").column("hash").execute();
  await sql`
    create index attachments_waiting on attachments (waiting_since) where waiting_since is not null
  `.execute(db);
  await createLinks(db);
  await createLeftovers(db);
}

/** Messages go with their conversation and never alone: so do their links. */
async function createLinks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("message_attachments")
    .addColumn("conversation_id", "bigint", (column) =>
      column.notNull().references("conversations.id").onDelete("cascade"),
    )
    .addColumn("message_id", "text", (column) => column.notNull())
    .addColumn("position", "integer", (column) => column.notNull())
    .addColumn("attachment_id", "text", (column) =>
      column.notNull().references("attachments.id").onDelete("cascade"),
    )
    .addPrimaryKeyConstraint("message_attachments_key", ["conversation_id", "message_id", "position"])
    .execute();
  await db.schema
    .createIndex("message_attachments_attachment")
    .on("message_attachments")
    .column("attachment_id")
    .execute();
  // What was sent goes with the last message that has it, however that one goes.
  await sql`
    create trigger message_attachments_delete after delete on message_attachments begin
      delete from attachments where id = old.attachment_id
        and not exists (select 1 from message_attachments where attachment_id = old.attachment_id);
    end
  `.execute(db);
}

/** The contents to look at when files are removed: nobody has to look through all of them. */
async function createLeftovers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("attachment_leftovers")
    .addColumn("hash", "text", (column) => column.primaryKey())
    .execute();
  await sql`
    create trigger attachments_delete after delete on attachments begin
      insert or ignore into attachment_leftovers (hash) values (old.hash);
    end
  `.execute(db);
}
