import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { toSearchText } from "./search-words.ts";

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

/** A statement takes a bounded number of parameters. */
const rowsPerStatement = 200;

/** The names under which a row is looked for. */
export const toUserScope = (userId: number) => `u${userId}`;
export const toConversationScope = (conversationId: number) => `c${conversationId}`;

/** Makes messages findable, in the transaction that stores them. An answer without words waits until it has some. */
export async function indexMessages(
  db: Kysely<Database>,
  messages: readonly SearchableMessage[],
): Promise<void> {
  const spoken = messages.filter(({ content }) => content !== "");
  for (let index = 0; index < spoken.length; index += rowsPerStatement) {
    await insertMessages(db, spoken.slice(index, index + rowsPerStatement));
  }
}

async function insertMessages(db: Kysely<Database>, messages: readonly SearchableMessage[]): Promise<void> {
  const rows = messages.map(
    ({ id, conversationId, role, model, createdAt }) =>
      sql`(${conversationId}, ${id}, ${role}, ${model}, ${createdAt})`,
  );
  const entries = await sql<{ id: number; user_id: number; message_id: string }>`
    with spoken (conversation_id, message_id, role, model, created_at) as (values ${sql.join(rows)})
    insert into search_entries (user_id, conversation_id, message_id, role, model, created_at)
    select conversations.user_id, conversations.id, message_id, role, spoken.model, spoken.created_at
    from spoken cross join conversations
    where conversations.id = spoken.conversation_id
    returning id, user_id, message_id
  `.execute(db);
  const byId = new Map(messages.map((message) => [message.id, message]));
  const found = entries.rows.flatMap((entry) => {
    const message = byId.get(entry.message_id);
    if (message === undefined) return [];
    const scope = `${toUserScope(entry.user_id)} ${toConversationScope(message.conversationId)}`;
    return [{ rowid: entry.id, scope, title: "", content: toSearchText(message.content) }];
  });
  if (found.length > 0) await db.insertInto("search_index").values(found).execute();
}

/** Makes an answer findable by what it says in the end. */
export async function reindexMessage(db: Kysely<Database>, message: SearchableMessage): Promise<void> {
  await db.deleteFrom("search_entries").where("message_id", "=", message.id).execute();
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
  const scope = `${toUserScope(userId)} ${toConversationScope(conversationId)}`;
  await db
    .insertInto("search_index")
    .values({ rowid: entry.id, scope, title: toSearchText(title), content: "" })
    .execute();
}
