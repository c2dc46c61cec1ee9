import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { insertRows, splitRows } from "../insert-rows.ts";
import { executePrepared } from "../prepared-statement.ts";
import { writeLate } from "../sqlite/late-writes.ts";
import type { SearchIndexTable } from "./search-table.ts";
import { toOwnWords, toSearchText } from "./search-words.ts";

/** What of a message is found. */
export type SearchableMessage = {
  readonly id: string;
  readonly conversationId: number;
  readonly role: string;
  readonly content: string;
  readonly model: string | null;
  readonly createdAt: number;
};

/** What of a conversation is found by its title. */
export type SearchableTitle = {
  readonly conversationId: number;
  readonly userId: number;
  readonly title: string;
  readonly createdAt: number;
};

/** A row of the index whose texts are not yet in its form. */
type Indexed = SearchIndexTable & { readonly userId: number };

/** Makes messages findable, in the transaction that stores them. An answer without words waits until it has some. */
export async function indexMessages(
  db: Kysely<Database>,
  messages: readonly SearchableMessage[],
): Promise<void> {
  const spoken = messages.filter(({ content }) => content !== "");
  for (const some of splitRows(spoken)) await insertMessages(db, some);
}

async function insertMessages(db: Kysely<Database>, messages: readonly SearchableMessage[]): Promise<void> {
  const values = messages.map(({ id, conversationId, role, model, createdAt }) => [
    conversationId,
    id,
    role,
    model,
    createdAt,
  ]);
  const entries = await executePrepared<{ id: number; user_id: number; message_id: string }>(db, {
    name: `search entries ${messages.length}`,
    build: (given) => insertEntries(given, values),
    parameters: values.flat(),
  });
  const byId = new Map(messages.map((message) => [message.id, message]));
  const found = entries.rows.flatMap((entry) => {
    const message = byId.get(entry.message_id);
    if (message === undefined) return [];
    return [{ rowid: entry.id, userId: entry.user_id, title: "", content: message.content }];
  });
  await writeLate(db, writeIndex, found);
}

/** Entries belong to whoever the conversation belongs to. */
function insertEntries(db: Kysely<Database>, values: readonly (readonly unknown[])[]) {
  const rows = values.map((row) => sql`(${sql.join(row)})`);
  const insert = sql`
    with spoken (conversation_id, message_id, role, model, created_at) as (values ${sql.join(rows)})
    insert into search_entries (user_id, conversation_id, message_id, role, model, created_at)
    select conversations.user_id, conversations.id, message_id, role, spoken.model, spoken.created_at
    from spoken cross join conversations
    where conversations.id = spoken.conversation_id
    returning id, user_id, message_id
  `;
  return { compile: () => insert.compile(db) };
}

/** Makes an answer findable by what it says in the end. */
export async function reindexMessage(db: Kysely<Database>, message: SearchableMessage): Promise<void> {
  await executePrepared(db, {
    name: "delete search entry",
    build: (given) => given.deleteFrom("search_entries").where("message_id", "=", message.id),
    parameters: [message.id],
  });
  await indexMessages(db, [message]);
}

/** Makes a conversation findable by its title, in place of the one before. */
export async function indexTitle(db: Kysely<Database>, given: SearchableTitle): Promise<void> {
  const { conversationId, userId, title, createdAt } = given;
  await db
    .deleteFrom("search_entries")
    .where("conversation_id", "=", conversationId)
    .where("message_id", "is", null)
    .execute();
  if (title === "") return;
  const entry = await db
    .insertInto("search_entries")
    .values({
      user_id: userId,
      conversation_id: conversationId,
      message_id: null,
      role: null,
      model: null,
      created_at: createdAt,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await writeLate(db, writeIndex, [{ rowid: entry.id, userId, title, content: "" }]);
}

/** Writes rows of the index. */
async function writeIndex(db: Kysely<Database>, rows: readonly Indexed[], isLate: boolean): Promise<void> {
  if (rows.length === 0) return;
  const wanted = (isLate ? await findWanted(db, rows) : rows).map(({ rowid, userId, title, content }) => ({
    rowid,
    title: toOwnWords(toSearchText(title), userId),
    content: toOwnWords(toSearchText(content), userId),
  }));
  // A statement of several rows has a savepoint of its own, and at every savepoint the index writes itself out: at the
  // end of a transaction, that is once more than it takes.
  const parts = isLate ? wanted.map((row) => [row]) : [wanted];
  for (const part of parts) await insertRows(db, { table: "search_index", rows: part });
}

/** Those whose entry is there: by the end of a transaction it may be gone, and its id given to another. */
async function findWanted(db: Kysely<Database>, rows: readonly Indexed[]): Promise<Indexed[]> {
  const byId = new Map(rows.map((row) => [row.rowid, row]));
  const entries = await executePrepared<{ id: number }>(db, {
    name: "search entries between",
    build: (given) =>
      given.selectFrom("search_entries").select("id").where("id", ">=", 0).where("id", "<=", 0).orderBy("id"),
    parameters: [Math.min(...byId.keys()), Math.max(...byId.keys())],
  });
  return entries.rows.flatMap(({ id }) => byId.get(id) ?? []);
}
