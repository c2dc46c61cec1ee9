import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { toMessage, type Message } from "./message-row.ts";

/** The shape of the tree: which branch is shown, and which branches were forked. Messages are never moved in it. */
export type BranchRepository = ReturnType<typeof createBranchRepository>;

/** A fork that was asked for under a request id. */
export type Fork = {
  readonly userId: number;
  readonly requestId: string;
  readonly inputHash: string;
  readonly conversationId: number;
};

/** So many steps down the tree one statement takes: it holds the process up meanwhile. */
const stepsMax = 1000;

/** Creates the repository over a connection or a transaction. */
export function createBranchRepository(db: Kysely<Database>) {
  /** The end of at most `stepsMax` steps down from a message, along the versions that are shown. */
  async function stepDown(conversationId: number, messageId: string): Promise<{ id: string; depth: number }> {
    const { rows } = await sql<{ id: string; depth: number }>`
      with recursive below (id, depth) as (
        select cast(${messageId} as text), 0
        union all
        select coalesce(
          (select message_id from chosen_versions where chosen_versions.parent_id = below.id),
          (select max(child.id) from messages as child
            where child.conversation_id = ${conversationId} and child.parent_id = below.id)
        ), below.depth + 1
        from below where below.id is not null and below.depth < ${stepsMax}
      )
      select id, depth from below where id is not null order by depth desc limit 1
    `.execute(db);
    return rows[0] ?? { id: messageId, depth: 0 };
  }

  return {
    /**
     * The leaf that was shown last below a message; where nobody has chosen, the newest version counts. Costs what the
     * branch below the message is long, however many others there are.
     */
    async findShownLeaf(conversationId: number, messageId: string): Promise<string> {
      for (let from = messageId; ;) {
        const { id, depth } = await stepDown(conversationId, from);
        if (depth < stepsMax) return id;
        from = id;
      }
    },

    /** Remembers which version below a message is shown. */
    async choose(parentId: string, messageId: string): Promise<void> {
      await db
        .insertInto("chosen_versions")
        .values({ parent_id: parentId, message_id: messageId })
        .onConflict((conflict) => conflict.column("parent_id").doUpdateSet({ message_id: messageId }))
        .execute();
    },

    /** The newest version below a message is shown again. */
    async forgetChoice(parentId: string): Promise<void> {
      await db.deleteFrom("chosen_versions").where("parent_id", "=", parentId).execute();
    },

    /** The ids of a message and its ancestors, newest first, at most `limit` of them, with their parents. */
    async listIds(
      conversationId: number,
      from: { messageId: string; limit: number },
    ): Promise<{ id: string; parentId: string | null }[]> {
      const { rows } = await sql<{ id: string; parent_id: string | null }>`
        with recursive branch (id, parent_id, depth) as (
          select id, parent_id, 1 from messages
          where id = ${from.messageId} and conversation_id = ${conversationId}
          union all
          select parent.id, parent.parent_id, branch.depth + 1
          from branch inner join messages as parent on parent.id = branch.parent_id
          where parent.conversation_id = ${conversationId} and branch.depth < ${from.limit}
        )
        select id, parent_id from branch order by depth
      `.execute(db);
      return rows.map((row) => ({ id: row.id, parentId: row.parent_id }));
    },

    /** Messages by their ids, in the order of the ids. */
    async listMessages(ids: readonly string[]): Promise<Message[]> {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom("messages").selectAll().where("id", "in", ids).execute();
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.flatMap((id) => byId.get(id) ?? []).map(toMessage);
    },

    async findFork(requestId: string, userId: number): Promise<Fork | undefined> {
      const row = await db
        .selectFrom("forks")
        .selectAll()
        .where("user_id", "=", userId)
        .where("request_id", "=", requestId)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return {
        userId: row.user_id,
        requestId: row.request_id,
        inputHash: row.input_hash,
        conversationId: row.conversation_id,
      };
    },

    async insertFork(fork: Fork): Promise<void> {
      await db
        .insertInto("forks")
        .values({
          user_id: fork.userId,
          request_id: fork.requestId,
          input_hash: fork.inputHash,
          conversation_id: fork.conversationId,
        })
        .execute();
    },
  };
}
