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

/** How far up two ways have been followed. */
type Meeting = { readonly id: string | null; readonly other: string | null };

/** Two ways upwards, step by step. */
function climb(conversationId: number, { id, other }: Meeting) {
  const parentOf = (child: string) => sql`(
    select parent_id from messages where id = ${sql.ref(child)} and conversation_id = ${conversationId}
  )`;
  return sql`climb (id, other, depth) as (
    select cast(${id} as text), cast(${other} as text), 0
    union all
    select
      case when other is null or id > other then ${parentOf("climb.id")} else id end,
      case when other is null or id > other then other else ${parentOf("climb.other")} end,
      depth + 1
    from climb where id is not null and id is distinct from other and depth < ${stepsMax}
  )`;
}

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

  /**
   * Goes up from two messages, always from the one that was made later, so that they meet where their ways do; what
   * belongs to the way of the first is remembered. Where a clock has put them in another order they may miss each other:
   * then more is remembered than was needed. @returns where they stand after so many steps; undefined at the end.
   */
  async function chooseUpwards(conversationId: number, from: Meeting): Promise<Meeting | undefined> {
    const { rows } = await sql<Meeting & { depth: number }>`
      with recursive ${climb(conversationId, from)}
      select id, other, depth from climb order by depth desc limit 1
    `.execute(db);
    await sql`
      insert into chosen_versions (parent_id, message_id)
      with recursive ${climb(conversationId, from)}
      select message.parent_id, message.id from (select distinct id from climb where id is distinct from other) as step
      inner join messages as message on message.id = step.id
      where message.parent_id is not null and exists (
        select 1 from messages as version where version.conversation_id = ${conversationId}
          and version.parent_id = message.parent_id and version.id <> message.id
      )
      on conflict (parent_id) do update set message_id = excluded.message_id
    `.execute(db);
    const [last] = rows;
    return last === undefined || last.depth < stepsMax ? undefined : { id: last.id, other: last.other };
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

    /**
     * Remembers the way to a message as the one that is shown, down from where it leaves the way to another message,
     * which is shown now; without that one, from the first message on. Costs what both ways are long to where they meet.
     */
    async choosePath(conversationId: number, path: { to: string; shown: string | null }): Promise<void> {
      for (let next: Meeting | undefined = { id: path.to, other: path.shown }; next !== undefined;)
        next = await chooseUpwards(conversationId, next);
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
