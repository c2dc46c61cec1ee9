import { sql, type Kysely, type RawBuilder } from "kysely";
import type { Database } from "../database.ts";
import { toMatchQuery, type SearchTerm } from "./search-terms.ts";

/** Finding texts of conversations. */
export type SearchRepository = ReturnType<typeof createSearchRepository>;

/** Which texts are wanted; undefined: all of them. */
export type SearchFilter = {
  readonly terms: readonly SearchTerm[];
  readonly conversationId?: number | undefined;
  readonly role?: "user" | "assistant" | undefined;
  readonly model?: string | undefined;
  /** From this time on, and before that one, in milliseconds since 1970. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly isArchived?: boolean | undefined;
};

/** Where a page of hits begins. */
export type SearchPosition = {
  /** The newest text there was when the search began: later ones must not push others from page to page. */
  readonly newest: number;
  /** The last hit of the page before, and how good it was. */
  readonly last: number;
  readonly score: number;
};

/** One text that matches. */
export type SearchHit = {
  readonly entryId: number;
  /** Smaller is better. */
  readonly score: number;
  readonly conversationId: number;
  readonly title: string;
  /** Null: the title itself matches. */
  readonly messageId: string | null;
  readonly role: "user" | "assistant" | null;
  readonly model: string | null;
  readonly createdAt: number;
  /** The text that matches. */
  readonly text: string;
};

/** So many of the newest matches are put in order at most: what comes in half of all texts is not searched for. */
const rankedMax = 10_000;
/** Words of a title count so much more than words of a text. */
const titleWeight = 4;

/** Creates the repository over a connection or a transaction. */
export function createSearchRepository(db: Kysely<Database>) {
  return {
    /** The id of the newest text that can be found. */
    async findNewest(): Promise<number> {
      const row = await db
        .selectFrom("search_entries")
        .select("id")
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row?.id ?? 0;
    },

    /** A page of a user's texts that match, the best first. */
    async list(
      userId: number,
      filter: SearchFilter,
      page: { newest: number; behind: SearchPosition | undefined; limit: number },
    ): Promise<SearchHit[]> {
      if (filter.terms.length === 0) return [];
      const ranked = await sql<{ id: number; score: number }>`
        with matched as materialized (
          select search_index.rowid as id, bm25(search_index, ${sql.lit(titleWeight)}, 1.0) as score
          from search_index
          cross join search_entries on search_entries.id = search_index.rowid
          where ${sql.join(toConditions(userId, filter, page.newest), sql` and `)}
          order by search_index.rowid desc limit ${sql.lit(rankedMax)}
        )
        select id, score from matched ${toStart(page.behind)}
        order by score, id desc limit ${page.limit}
      `.execute(db);
      return readHits(db, ranked.rows);
    },
  };
}

function toConditions(userId: number, filter: SearchFilter, newest: number): RawBuilder<unknown>[] {
  const { conversationId, role, model, from, to, isArchived } = filter;
  const conditions = [
    sql`search_index match ${toMatchQuery(filter.terms, userId)}`,
    sql`search_index.rowid <= ${newest}`,
  ];
  if (conversationId !== undefined) conditions.push(sql`search_entries.conversation_id = ${conversationId}`);
  if (role !== undefined) conditions.push(sql`search_entries.role = ${role}`);
  if (model !== undefined) conditions.push(sql`search_entries.model = ${model}`);
  if (from !== undefined) conditions.push(sql`search_entries.created_at >= ${from}`);
  if (to !== undefined) conditions.push(sql`search_entries.created_at < ${to}`);
  if (isArchived !== undefined) {
    conditions.push(sql`exists (
      select 1 from conversations
      where conversations.id = search_entries.conversation_id and conversations.archived = ${Number(isArchived)}
    )`);
  }
  return conditions;
}

/** Scores move a little when texts come and go: the last hit stands where it stands now, and not where it stood. */
function toStart(behind: SearchPosition | undefined): RawBuilder<unknown> {
  if (behind === undefined) return sql``;
  return sql`where (score, -id) > (
    coalesce((select score from matched where id = ${behind.last}), ${behind.score}), ${-behind.last}
  )`;
}

/** The texts of a page, read only for what is shown. */
async function readHits(
  db: Kysely<Database>,
  ranked: readonly { id: number; score: number }[],
): Promise<SearchHit[]> {
  if (ranked.length === 0) return [];
  const rows = await db
    .selectFrom("search_entries as entry")
    .innerJoin("conversations", "conversations.id", "entry.conversation_id")
    .leftJoin("messages", "messages.id", "entry.message_id")
    .select([
      "entry.id",
      "entry.conversation_id",
      "entry.message_id",
      "entry.role",
      "entry.model",
      "entry.created_at",
      "conversations.title",
      "messages.content",
    ])
    .where(
      "entry.id",
      "in",
      ranked.map(({ id }) => id),
    )
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ranked.flatMap(({ id, score }) => {
    const row = byId.get(id);
    if (row === undefined) return [];
    return [
      {
        entryId: id,
        score,
        conversationId: row.conversation_id,
        title: row.title,
        messageId: row.message_id,
        role: row.role as SearchHit["role"],
        model: row.model,
        createdAt: row.created_at,
        text: row.content ?? row.title,
      },
    ];
  });
}
