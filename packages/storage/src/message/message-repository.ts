import { sql, type Kysely, type Selectable } from "kysely";
import type { Database } from "../database.ts";
import { insertRows } from "../insert-rows.ts";
import { executePrepared } from "../prepared-statement.ts";
import { indexMessages, reindexMessage } from "../search/write-search.ts";
import { toMessage, type Message } from "./message-row.ts";
import type { MessageTable } from "./message-table.ts";

/** The rows of `messages`. Who may see a conversation is decided before: these reads name it, not its owner. */
export type MessageRepository = ReturnType<typeof createMessageRepository>;

/** What an answer's end writes into its message. */
export type AnswerChange = Pick<
  Message,
  "content" | "reasoning" | "model" | "finishReason" | "usage" | "citations"
>;

/** Creates the repository over a connection or a transaction. */
export function createMessageRepository(db: Kysely<Database>) {
  return {
    async insert(messages: readonly Message[]): Promise<void> {
      if (messages.length === 0) return;
      const rows = messages.map((message) => ({
        id: message.id,
        conversation_id: message.conversationId,
        parent_id: message.parentId,
        role: message.role,
        content: message.content,
        reasoning: message.reasoning,
        model: message.model,
        finish_reason: message.finishReason,
        usage: message.usage === null ? null : JSON.stringify(message.usage),
        run_id: message.runId,
        created_at: message.createdAt,
        citations: toCitations(message),
        tool_calls: message.toolCalls === undefined ? null : JSON.stringify(message.toolCalls),
      }));
      await insertRows(db, { table: "messages", rows });
      await indexMessages(db, messages);
    },

    async find(id: string, conversationId: number): Promise<Message | undefined> {
      const { rows } = await executePrepared<Selectable<MessageTable>>(db, {
        name: "message",
        build: (given) =>
          given
            .selectFrom("messages")
            .selectAll()
            .where("id", "=", id)
            .where("conversation_id", "=", conversationId),
        parameters: [id, conversationId],
      });
      return rows[0] && toMessage(rows[0]);
    },

    /** A message and its ancestors, newest first, at most `limit` of them. Costs what it returns. */
    async listBranch(conversationId: number, from: { messageId: string; limit: number }): Promise<Message[]> {
      const { messageId, limit } = from;
      const { rows } = await executePrepared<Selectable<MessageTable>>(db, {
        name: "branch",
        build: (given) => selectBranch(given, { conversationId, messageId, limit }),
        parameters: [messageId, conversationId, conversationId, limit],
      });
      return rows.map(toMessage);
    },

    /** How all messages of a conversation hang together, oldest first. */
    async listLinks(conversationId: number): Promise<{ id: string; parentId: string | null }[]> {
      return db
        .selectFrom("messages")
        .select(["id", "parent_id as parentId"])
        .where("conversation_id", "=", conversationId)
        .orderBy("id")
        .execute();
    },

    /** The messages of some ids, in no order. */
    async listByIds(ids: readonly string[]): Promise<Message[]> {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom("messages").selectAll().where("id", "in", ids).execute();
      return rows.map(toMessage);
    },

    /** The ids of all messages under the given parents, by parent, oldest first; `null` names the roots. */
    async listChildIds(
      conversationId: number,
      parentIds: readonly (string | null)[],
    ): Promise<Map<string | null, string[]>> {
      const named = parentIds.filter((id) => id !== null);
      const children = db
        .selectFrom("messages")
        .select(["id", "parent_id"])
        .where("conversation_id", "=", conversationId);
      const rows: { id: string; parent_id: string | null }[] = [];
      // Two queries: one with "or" would read the whole conversation.
      if (named.length < parentIds.length) {
        rows.push(...(await children.where("parent_id", "is", null).orderBy("id").execute()));
      }
      if (named.length > 0) {
        rows.push(...(await children.where("parent_id", "in", named).orderBy("id").execute()));
      }
      return groupIds(rows);
    },

    /** Writes an answer; false when the message is gone. */
    async updateAnswer(id: string, change: AnswerChange): Promise<boolean> {
      const columns = {
        content: change.content,
        reasoning: change.reasoning,
        model: change.model,
        finish_reason: change.finishReason,
        usage: change.usage === null ? null : JSON.stringify(change.usage),
        citations: toCitations(change),
      };
      const { rows } = await executePrepared<Pick<MessageTable, "conversation_id" | "created_at">>(db, {
        name: "update answer",
        build: (given) =>
          given
            .updateTable("messages")
            .set(columns)
            .where("id", "=", id)
            .returning(["conversation_id", "created_at"]),
        parameters: [...Object.values(columns), id],
      });
      const [row] = rows;
      if (row === undefined) return false;
      const { conversation_id: conversationId, created_at: createdAt } = row;
      const { content, model } = change;
      await reindexMessage(db, { id, conversationId, role: "assistant", content, model, createdAt });
      return true;
    },
  };
}

function toCitations({ citations }: Pick<Message, "citations">): string | null {
  return citations === undefined || citations.length === 0 ? null : JSON.stringify(citations);
}

function selectBranch(
  db: Kysely<Database>,
  from: { conversationId: number; messageId: string; limit: number },
) {
  const { conversationId, messageId, limit } = from;
  return db
    .withRecursive("branch", (cte) =>
      cte
        .selectFrom("messages")
        .selectAll()
        .select(sql<number>`1`.as("depth"))
        .where("id", "=", messageId)
        .where("conversation_id", "=", conversationId)
        .unionAll(
          cte
            .selectFrom("branch")
            .innerJoin("messages as parent", "parent.id", "branch.parent_id")
            .selectAll("parent")
            .select(sql<number>`branch.depth + 1`.as("depth"))
            .where("parent.conversation_id", "=", conversationId)
            .where("branch.depth", "<", limit),
        ),
    )
    .selectFrom("branch")
    .selectAll()
    .orderBy("depth");
}

function groupIds(rows: readonly { id: string; parent_id: string | null }[]): Map<string | null, string[]> {
  const groups = new Map<string | null, string[]>();
  for (const row of rows) {
    const group = groups.get(row.parent_id);
    if (group === undefined) groups.set(row.parent_id, [row.id]);
    else group.push(row.id);
  }
  return groups;
}
