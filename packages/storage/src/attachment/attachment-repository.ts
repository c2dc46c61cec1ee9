import { sql, type Kysely, type Selectable } from "kysely";
import type { Database } from "../database.ts";
import { insertRows } from "../insert-rows.ts";
import { executePrepared } from "../prepared-statement.ts";
import { toAttachment, toAttachmentBlob, type Attachment, type AttachmentBlob } from "./attachment-row.ts";
import type { AttachmentBlobTable, AttachmentTable } from "./attachment-table.ts";

/** Files of users, their contents, and the messages that they belong to. */
export type AttachmentRepository = ReturnType<typeof createAttachmentRepository>;

/** Some messages of a conversation, by the first and the last of their ids. */
export type MessageRange = {
  readonly conversationId: number;
  readonly first: string;
  readonly last: string;
};

/** A file of a message. */
export type MessageAttachment = { readonly messageId: string; readonly attachment: Attachment };

type JoinedRow = Selectable<AttachmentTable> & Selectable<AttachmentBlobTable>;

/** Creates the repository over a connection or a transaction. */
export function createAttachmentRepository(db: Kysely<Database>) {
  const joined = () =>
    db
      .selectFrom("attachments")
      .innerJoin("attachment_blobs", "attachment_blobs.hash", "attachments.hash")
      .selectAll(["attachments", "attachment_blobs"]);

  return {
    /** Adds a file; its content has to be there. */
    async insert(
      attachment: Pick<Attachment, "id" | "userId" | "hash" | "name" | "uploadedAt">,
    ): Promise<void> {
      const { id, userId: user_id, hash, name, uploadedAt: uploaded_at } = attachment;
      const row = { id, user_id, hash, name, uploaded_at, waiting_since: uploaded_at };
      await db.insertInto("attachments").values(row).execute();
    },

    /** Notes that a file was brought again: if it belongs to no message, it waits for one from now on. */
    async renew(id: string, uploadedAt: number): Promise<void> {
      await db
        .updateTable("attachments")
        .set({
          uploaded_at: uploadedAt,
          waiting_since: sql<number | null>`case when waiting_since is null then null else ${uploadedAt} end`,
        })
        .where("id", "=", id)
        .execute();
    },

    /** Files of a user, in no order; a foreign one is an absent one. */
    async listOwn(userId: number, ids: readonly string[]): Promise<Attachment[]> {
      if (ids.length === 0) return [];
      const rows = await joined().where("id", "in", ids).where("user_id", "=", userId).execute();
      return rows.map(toAttachment);
    },

    /** The newest file of a user with this content; with this name, where one is given. */
    async findByContent(
      userId: number,
      content: { hash: string; name?: string },
    ): Promise<Attachment | undefined> {
      let query = joined()
        .where("user_id", "=", userId)
        .where("attachments.hash", "=", content.hash)
        .orderBy("id", "desc");
      if (content.name !== undefined) query = query.where("name", "=", content.name);
      const row = await query.limit(1).executeTakeFirst();
      return row && toAttachment(row);
    },

    /** A page of a user's files, newest first, from below a cursor. */
    async list(userId: number, page: { before?: string | undefined; limit: number }): Promise<Attachment[]> {
      let query = joined().where("user_id", "=", userId).orderBy("id", "desc").limit(page.limit);
      if (page.before !== undefined) query = query.where("id", "<", page.before);
      return (await query.execute()).map(toAttachment);
    },

    /** How many files a user has, and how many bytes they take, each content counted once. */
    async measure(userId: number): Promise<{ files: number; bytes: number }> {
      const contents = db
        .selectFrom("attachments")
        .innerJoin("attachment_blobs", "attachment_blobs.hash", "attachments.hash")
        .select(({ fn }) => [fn.countAll<number>().as("files"), fn.max("attachment_blobs.bytes").as("bytes")])
        .where("user_id", "=", userId)
        .groupBy("attachments.hash");
      const row = await db
        .selectFrom(contents.as("contents"))
        .select(({ fn }) => [
          fn.sum<number | null>("files").as("files"),
          fn.sum<number | null>("bytes").as("bytes"),
        ])
        .executeTakeFirstOrThrow();
      return { files: row.files ?? 0, bytes: row.bytes ?? 0 };
    },

    /** Removes a file, also from its messages; false when the user has none of that id. */
    async delete(id: string, userId: number): Promise<boolean> {
      const result = await db
        .deleteFrom("attachments")
        .where("id", "=", id)
        .where("user_id", "=", userId)
        .executeTakeFirstOrThrow();
      return result.numDeletedRows === 1n;
    },

    /** Removes files that have belonged to no message since before a time, at most `limit`. @returns how many. */
    async deleteWaiting(before: number, limit: number): Promise<number> {
      const waiting = db
        .selectFrom("attachments")
        .select("id")
        .where("waiting_since", "<", before)
        .limit(limit);
      const result = await db.deleteFrom("attachments").where("id", "in", waiting).executeTakeFirstOrThrow();
      return Number(result.numDeletedRows);
    },

    /** Gives a message files. They have to be its user's. */
    async link(
      message: { id: string; conversationId: number },
      attachmentIds: readonly string[],
    ): Promise<void> {
      if (attachmentIds.length === 0) return;
      const rows = attachmentIds.map((attachment_id, position) => ({
        conversation_id: message.conversationId,
        message_id: message.id,
        position,
        attachment_id,
      }));
      await insertRows(db, { table: "message_attachments", rows });
      await db
        .updateTable("attachments")
        .set({ waiting_since: null })
        .where("id", "in", attachmentIds)
        .where("waiting_since", "is not", null)
        .execute();
    },

    /**
     * The files of messages between two ids of a conversation, by message and position. Prepared, and by a range: it is
     * asked for every prompt and every page, and mostly there are none.
     */
    async listOfMessages({ conversationId, first, last }: MessageRange): Promise<MessageAttachment[]> {
      const { rows } = await executePrepared<JoinedRow & { message_id: string }>(db, {
        name: "files of messages",
        build: (given) =>
          given
            .selectFrom("message_attachments")
            .innerJoin("attachments", "attachments.id", "message_attachments.attachment_id")
            .innerJoin("attachment_blobs", "attachment_blobs.hash", "attachments.hash")
            .selectAll(["attachments", "attachment_blobs"])
            .select("message_id")
            .where("conversation_id", "=", conversationId)
            .where("message_id", ">=", first)
            .where("message_id", "<=", last)
            .orderBy("message_id")
            .orderBy("position"),
        parameters: [conversationId, first, last],
      });
      return rows.map((row) => ({ messageId: row.message_id, attachment: toAttachment(row) }));
    },

    /** The content with this hash, whoever has brought it. */
    async findBlob(hash: string): Promise<AttachmentBlob | undefined> {
      const row = await db
        .selectFrom("attachment_blobs")
        .selectAll()
        .where("hash", "=", hash)
        .executeTakeFirst();
      return row && toAttachmentBlob(row);
    },

    /** The content whose bytes are in this file. */
    async findBlobByFile(fileKey: string): Promise<AttachmentBlob | undefined> {
      const row = await db
        .selectFrom("attachment_blobs")
        .selectAll()
        .where("file_key", "=", fileKey)
        .executeTakeFirst();
      return row && toAttachmentBlob(row);
    },

    /** Adds a content; one that is there already stays, unless its file is the one that `replaces` names. */
    async insertBlob(blob: AttachmentBlob, replaces?: string): Promise<void> {
      const { hash, fileKey: file_key, mediaType: media_type, bytes, tokens } = blob;
      await db
        .insertInto("attachment_blobs")
        .values({ hash, file_key, media_type, bytes, tokens })
        .onConflict((conflict) =>
          conflict
            .column("hash")
            .doUpdateSet({ file_key })
            .where("attachment_blobs.file_key", "=", replaces ?? ""),
        )
        .execute();
    },

    /** Contents that have lost a file, at most `limit`; the key is null where the content is gone already. */
    async listLeftovers(limit: number): Promise<{ hash: string; fileKey: string | null }[]> {
      return db
        .selectFrom("attachment_leftovers")
        .leftJoin("attachment_blobs", "attachment_blobs.hash", "attachment_leftovers.hash")
        .select(["attachment_leftovers.hash", "file_key as fileKey"])
        .limit(limit)
        .execute();
    },

    /** Removes those of these contents that nobody has any more; gives them. Nobody has to look at the others again. */
    async deleteLeftovers(hashes: readonly string[]): Promise<AttachmentBlob[]> {
      if (hashes.length === 0) return [];
      await db.deleteFrom("attachment_leftovers").where("hash", "in", hashes).execute();
      const used = db.selectFrom("attachments").select("hash").where("hash", "in", hashes);
      const rows = await db
        .deleteFrom("attachment_blobs")
        .where("hash", "in", hashes)
        .where("hash", "not in", used)
        .returningAll()
        .execute();
      return rows.map(toAttachmentBlob);
    },
  };
}
