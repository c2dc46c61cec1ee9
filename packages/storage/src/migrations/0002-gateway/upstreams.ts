import { sql, SqliteAdapter, type Kysely } from "kysely";

/** What an upstream is told of: its number, several keys, settings, callers' tokens; and what is counted of it. */
export async function createUpstreams(db: Kysely<unknown>): Promise<void> {
  await extendUpstreams(db);
  await carryOver(db);
  await db.schema.alterTable("upstreams").dropColumn("key_sealed").execute();
  await db.schema.createIndex("upstreams_number").on("upstreams").column("number").unique().execute();

  await db.schema
    .createTable("upstream_tallies")
    .addColumn("upstream_id", "text", (column) =>
      column.primaryKey().references("upstreams.id").onDelete("cascade"),
    )
    .addColumn("successes", "bigint", (column) => column.notNull())
    .addColumn("failures", "bigint", (column) => column.notNull())
    .addColumn("last_success_at", "bigint")
    .addColumn("last_failure_at", "bigint")
    .execute();
}

/** One column at a time: SQLite adds no more in one statement. */
async function extendUpstreams(db: Kysely<unknown>): Promise<void> {
  const table = () => db.schema.alterTable("upstreams");
  await table()
    .addColumn("number", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
  await table()
    .addColumn("keys_sealed", "text", (column) => column.notNull().defaultTo("[]"))
    .execute();
  await table()
    .addColumn("options", "text", (column) => column.notNull().defaultTo("{}"))
    .execute();
  await table()
    .addColumn("tokens_sealed", "text", (column) => column.notNull().defaultTo("[]"))
    .execute();
  await table()
    .addColumn("is_open", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
  await table()
    .addColumn("is_enabled", "integer", (column) => column.notNull().defaultTo(1))
    .execute();
  await table().addColumn("found_sealed", "text").execute();
  await table().addColumn("removed_at", "bigint").execute();
  await table()
    .addColumn("created_at", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
}

/** Upstreams of the version before keep their key, and get numbers in their order. */
async function carryOver(db: Kysely<unknown>): Promise<void> {
  await sql`
    update upstreams set
      created_at = updated_at,
      number = (
        select count(*) from upstreams as earlier
        where earlier.position < upstreams.position
          or (earlier.position = upstreams.position and earlier.id <= upstreams.id)
      ),
      keys_sealed = case when key_sealed is null then '[]' else ${toJsonList(db)} end
  `.execute(db);
  await sql`
    insert into settings (key, value)
    select 'upstream_number', cast(count(*) as text) from upstreams
  `.execute(db);
}

function toJsonList(db: Kysely<unknown>) {
  return db.getExecutor().adapter instanceof SqliteAdapter
    ? sql`json_array(key_sealed)`
    : sql`json_build_array(key_sealed)::text`;
}
