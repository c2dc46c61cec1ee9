import type { Kysely, Selectable, Updateable } from "kysely";
import type { Database } from "../database.ts";
import { executePrepared } from "../prepared-statement.ts";
import { indexTitle } from "../search/write-search.ts";
import { toConversation, type Conversation } from "./conversation-row.ts";
import type { ConversationTable } from "./conversation-table.ts";

/** The rows of `conversations`. Every read names the owner: a foreign conversation is an absent one. */
export type ConversationRepository = ReturnType<typeof createConversationRepository>;

/** What of a conversation can be changed. */
export type ConversationChange = Partial<
  Pick<
    Conversation,
    | "title"
    | "titleSource"
    | "model"
    | "apiKeySealed"
    | "systemPrompt"
    | "headMessageId"
    | "isPinned"
    | "isArchived"
    | "tools"
    | "knowledgeBaseIds"
    | "topK"
    | "updatedAt"
  >
>;

/** Where a page of the shelf begins: behind this conversation, among those that are pinned or those that are not. */
export type ShelfPosition = { readonly isPinned: boolean; readonly before: number };

/** A page of the shelf: pinned conversations first, and of each kind the newest first. */
export type ShelfPage = {
  /** Undefined: whether or not they are archived. */
  readonly isArchived: boolean | undefined;
  readonly behind: ShelfPosition | undefined;
  readonly limit: number;
};

/** Creates the repository over a connection or a transaction. */
export function createConversationRepository(db: Kysely<Database>) {
  const find = async (id: number, userId: number): Promise<Conversation | undefined> => {
    const { rows } = await executePrepared<Selectable<ConversationTable>>(db, {
      name: "conversation",
      build: (given) =>
        given.selectFrom("conversations").selectAll().where("id", "=", id).where("user_id", "=", userId),
      parameters: [id, userId],
    });
    return rows[0] && toConversation(rows[0]);
  };

  const renewTitle = async (id: number, userId: number): Promise<void> => {
    const conversation = await find(id, userId);
    if (conversation !== undefined) await indexTitle(db, { ...conversation, conversationId: id });
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
          title_source: conversation.titleSource,
          model: conversation.model,
          api_key_sealed: conversation.apiKeySealed,
          system_prompt: conversation.systemPrompt,
          head_message_id: conversation.headMessageId,
          pinned: Number(conversation.isPinned),
          archived: Number(conversation.isArchived),
          tools: conversation.tools === null ? null : JSON.stringify(conversation.tools),
          knowledge_base_ids: toIds(conversation.knowledgeBaseIds),
          top_k: conversation.topK,
          import_key: conversation.importKey,
          created_at: conversation.createdAt,
          updated_at: conversation.updatedAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      const isNew = result.numInsertedOrUpdatedRows === 1n;
      if (isNew) await indexTitle(db, { ...conversation, conversationId: conversation.id });
      return isNew;
    },

    find,

    /** The conversation that was read from a document. */
    async findByImportKey(importKey: string, userId: number): Promise<Conversation | undefined> {
      const row = await db
        .selectFrom("conversations")
        .selectAll()
        .where("user_id", "=", userId)
        .where("import_key", "=", importKey)
        .executeTakeFirst();
      return row && toConversation(row);
    },

    /** A user's conversations, newest first, from below a cursor. */
    async list(
      userId: number,
      page: { before?: number | undefined; isArchived?: boolean | undefined; limit: number },
    ): Promise<Conversation[]> {
      let query = db
        .selectFrom("conversations")
        .selectAll()
        .where("user_id", "=", userId)
        .orderBy("id", "desc")
        .limit(page.limit);
      if (page.before !== undefined) query = query.where("id", "<", page.before);
      if (page.isArchived !== undefined) query = query.where("archived", "=", Number(page.isArchived));
      return (await query.execute()).map(toConversation);
    },

    /** A user's conversations, oldest first, from behind one. */
    async listOldest(userId: number, page: { after: number; limit: number }): Promise<Conversation[]> {
      const rows = await db
        .selectFrom("conversations")
        .selectAll()
        .where("user_id", "=", userId)
        .where("id", ">", page.after)
        .orderBy("id")
        .limit(page.limit)
        .execute();
      return rows.map(toConversation);
    },

    /** A page of a user's conversations as they are shown. Costs what it returns, however many there are. */
    async listShelf(userId: number, page: ShelfPage): Promise<Conversation[]> {
      const rows: Conversation[] = [];
      for (const isPinned of [true, false]) {
        if (page.behind?.isPinned === false && isPinned) continue;
        const before = page.behind?.isPinned === isPinned ? page.behind.before : undefined;
        let query = db
          .selectFrom("conversations")
          .selectAll()
          .where("user_id", "=", userId)
          .where("pinned", "=", Number(isPinned))
          .orderBy("id", "desc")
          .limit(page.limit - rows.length);
        if (page.isArchived !== undefined) query = query.where("archived", "=", Number(page.isArchived));
        if (before !== undefined) query = query.where("id", "<", before);
        rows.push(...(await query.execute()).map(toConversation));
        if (rows.length === page.limit) break;
      }
      return rows;
    },

    /** Removes the oldest conversations of a user up to an id, at most `limit`; gives the ids of those that are gone. */
    async deleteOldest(userId: number, range: { upTo: number; limit: number }): Promise<number[]> {
      const oldest = db
        .selectFrom("conversations")
        .select("id")
        .where("user_id", "=", userId)
        .where("id", "<=", range.upTo)
        .orderBy("id")
        .limit(range.limit);
      const rows = await db.deleteFrom("conversations").where("id", "in", oldest).returning("id").execute();
      return rows.map(({ id }) => id);
    },

    /** Changes a conversation; false when the user has none of that id. */
    async update(id: number, userId: number, change: ConversationChange): Promise<boolean> {
      const columns = toColumns(change);
      // Without a column to set there is no statement, but still an answer.
      const names = Object.keys(columns);
      if (names.length === 0) return (await find(id, userId)) !== undefined;
      const { numAffectedRows } = await executePrepared(db, {
        name: `update conversation ${names.join()}`,
        build: (given) =>
          given.updateTable("conversations").set(columns).where("id", "=", id).where("user_id", "=", userId),
        parameters: [...Object.values(columns), id, userId],
      });
      const isThere = numAffectedRows === 1n;
      if (isThere && change.title !== undefined) await renewTitle(id, userId);
      return isThere;
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

function toIds(ids: readonly string[]): string | null {
  return ids.length === 0 ? null : JSON.stringify(ids);
}

function toColumns(change: ConversationChange): Updateable<ConversationTable> {
  const columns: Updateable<ConversationTable> = {};
  if (change.title !== undefined) columns.title = change.title;
  if (change.titleSource !== undefined) columns.title_source = change.titleSource;
  if (change.isPinned !== undefined) columns.pinned = Number(change.isPinned);
  if (change.isArchived !== undefined) columns.archived = Number(change.isArchived);
  if (change.tools !== undefined) {
    columns.tools = change.tools === null ? null : JSON.stringify(change.tools);
  }
  if (change.knowledgeBaseIds !== undefined) columns.knowledge_base_ids = toIds(change.knowledgeBaseIds);
  if (change.topK !== undefined) columns.top_k = change.topK;
  if (change.model !== undefined) columns.model = change.model;
  if (change.apiKeySealed !== undefined) columns.api_key_sealed = change.apiKeySealed;
  if (change.systemPrompt !== undefined) columns.system_prompt = change.systemPrompt;
  if (change.headMessageId !== undefined) columns.head_message_id = change.headMessageId;
  if (change.updatedAt !== undefined) columns.updated_at = change.updatedAt;
  return columns;
}
