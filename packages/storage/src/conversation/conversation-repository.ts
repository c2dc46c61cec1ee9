import type { Kysely, Updateable } from "kysely";
import type { Database } from "../database.ts";
import { toConversation, type Conversation } from "./conversation-row.ts";
import type { ConversationTable } from "./conversation-table.ts";

/** The rows of `conversations`. Every read names the owner: a foreign conversation is an absent one. */
export type ConversationRepository = ReturnType<typeof createConversationRepository>;

/** What of a conversation can be changed. */
export type ConversationChange = Partial<
  Pick<Conversation, "title" | "model" | "apiKeySealed" | "systemPrompt" | "headMessageId" | "updatedAt">
>;

/** Creates the repository over a connection or a transaction. */
export function createConversationRepository(db: Kysely<Database>) {
  const find = async (id: number, userId: number): Promise<Conversation | undefined> => {
    const row = await db
      .selectFrom("conversations")
      .selectAll()
      .where("id", "=", id)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    return row && toConversation(row);
  };

  return {
    /** Adds a conversation; false when the id is taken. */
    async insert(conversation: Conversation): Promise<boolean> {
      const result = await db
        .insertInto("conversations")
        .values({
          id: conversation.id,
          user_id: conversation.userId,
          title: conversation.title,
          model: conversation.model,
          api_key_sealed: conversation.apiKeySealed,
          system_prompt: conversation.systemPrompt,
          head_message_id: conversation.headMessageId,
          created_at: conversation.createdAt,
          updated_at: conversation.updatedAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return result.numInsertedOrUpdatedRows === 1n;
    },

    find,

    /** A user's conversations, newest first, from below a cursor. */
    async list(
      userId: number,
      page: { before?: number | undefined; limit: number },
    ): Promise<Conversation[]> {
      let query = db
        .selectFrom("conversations")
        .selectAll()
        .where("user_id", "=", userId)
        .orderBy("id", "desc")
        .limit(page.limit);
      if (page.before !== undefined) query = query.where("id", "<", page.before);
      return (await query.execute()).map(toConversation);
    },

    /** Changes a conversation; false when the user has none of that id. */
    async update(id: number, userId: number, change: ConversationChange): Promise<boolean> {
      const columns = toColumns(change);
      // Without a column to set there is no statement, but still an answer.
      if (Object.keys(columns).length === 0) return (await find(id, userId)) !== undefined;
      const result = await db
        .updateTable("conversations")
        .set(columns)
        .where("id", "=", id)
        .where("user_id", "=", userId)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /** Removes a conversation with its messages and runs; false when the user has none of that id. */
    async delete(id: number, userId: number): Promise<boolean> {
      const result = await db
        .deleteFrom("conversations")
        .where("id", "=", id)
        .where("user_id", "=", userId)
        .executeTakeFirstOrThrow();
      return result.numDeletedRows === 1n;
    },
  };
}

function toColumns(change: ConversationChange): Updateable<ConversationTable> {
  const columns: Updateable<ConversationTable> = {};
  if (change.title !== undefined) columns.title = change.title;
  if (change.model !== undefined) columns.model = change.model;
  if (change.apiKeySealed !== undefined) columns.api_key_sealed = change.apiKeySealed;
  if (change.systemPrompt !== undefined) columns.system_prompt = change.systemPrompt;
  if (change.headMessageId !== undefined) columns.head_message_id = change.headMessageId;
  if (change.updatedAt !== undefined) columns.updated_at = change.updatedAt;
  return columns;
}
