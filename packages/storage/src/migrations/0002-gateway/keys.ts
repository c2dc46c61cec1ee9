import { sql, type Kysely } from "kysely";

/** Keys of ours, what they have spent, what a token costs, and the ledger. */
export async function createKeys(db: Kysely<unknown>): Promise<void> {
  await createApiKeys(db);
  await createBudgets(db);
  await createPrices(db);
  await createLedger(db);
}

const budgetWindows = sql`budget_window in ('day', 'week', 'month', 'total')`;

async function createApiKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("api_keys")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("user_id", "bigint", (column) => column.references("users.id").onDelete("cascade"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull().unique())
    .addColumn("previous_hash", "text", (column) => column.unique())
    .addColumn("grace_until", "bigint")
    .addColumn("prefix", "text", (column) => column.notNull())
    .addColumn("last4", "text", (column) => column.notNull())
    .addColumn("scopes", "text", (column) => column.notNull())
    .addColumn("models", "text", (column) => column.notNull())
    .addColumn("requests_per_minute", "bigint", (column) => column.check(sql`requests_per_minute > 0`))
    .addColumn("tokens_per_minute", "bigint", (column) => column.check(sql`tokens_per_minute > 0`))
    .addColumn("concurrent_max", "bigint", (column) => column.check(sql`concurrent_max > 0`))
    .addColumn("budget_nanos", "bigint", (column) => column.check(sql`budget_nanos >= 0`))
    .addColumn("budget_window", "text", (column) => column.check(budgetWindows))
    .addColumn("is_managed", "integer", (column) => column.notNull().check(sql`is_managed in (0, 1)`))
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint")
    .addColumn("revoked_at", "bigint")
    .addColumn("last_used_at", "bigint")
    .addCheckConstraint("api_keys_budget", sql`(budget_nanos is null) = (budget_window is null)`)
    .execute();
  await db.schema.createIndex("api_keys_user").on("api_keys").columns(["user_id", "id"]).execute();
}

async function createBudgets(db: Kysely<unknown>): Promise<void> {
  // The database is the last to say that no budget is reserved or given back twice.
  await db.schema
    .createTable("key_budgets")
    .addColumn("key_id", "text", (column) => column.notNull().references("api_keys.id").onDelete("cascade"))
    .addColumn("budget_window", "text", (column) => column.notNull().check(budgetWindows))
    .addColumn("window_start", "bigint", (column) => column.notNull())
    .addColumn("spent_nanos", "bigint", (column) => column.notNull().check(sql`spent_nanos >= 0`))
    .addColumn("reserved_nanos", "bigint", (column) => column.notNull().check(sql`reserved_nanos >= 0`))
    .addPrimaryKeyConstraint("key_budgets_key", ["key_id", "budget_window", "window_start"])
    .execute();
  await db.schema.createIndex("key_budgets_start").on("key_budgets").column("window_start").execute();

  await db.schema
    .createTable("reservations")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("key_id", "text", (column) => column.notNull().references("api_keys.id").onDelete("cascade"))
    .addColumn("budget_window", "text", (column) => column.notNull().check(budgetWindows))
    .addColumn("window_start", "bigint", (column) => column.notNull())
    .addColumn("amount_nanos", "bigint", (column) => column.notNull().check(sql`amount_nanos >= 0`))
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("reservations_key")
    .on("reservations")
    .columns(["key_id", "budget_window", "window_start"])
    .execute();
}

async function createPrices(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("prices")
    .addColumn("model", "text", (column) => column.notNull())
    // Empty for every upstream: a part of a key cannot be null.
    .addColumn("upstream", "text", (column) => column.notNull())
    .addColumn("unit_prices", "text", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("prices_key", ["model", "upstream"])
    .execute();
}

async function createLedger(db: Kysely<unknown>): Promise<void> {
  // No foreign keys: what was spent stays written down when a key or a user is gone.
  await db.schema
    .createTable("ledger")
    .addColumn("request_id", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("key_id", "text")
    .addColumn("user_id", "bigint")
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("upstream", "text")
    .addColumn("prompt_tokens", "bigint", (column) => column.check(sql`prompt_tokens >= 0`))
    .addColumn("completion_tokens", "bigint", (column) => column.check(sql`completion_tokens >= 0`))
    .addColumn("reasoning_tokens", "bigint", (column) => column.check(sql`reasoning_tokens >= 0`))
    .addColumn("cached_tokens", "bigint", (column) => column.check(sql`cached_tokens >= 0`))
    .addColumn("cache_write_tokens", "bigint", (column) => column.check(sql`cache_write_tokens >= 0`))
    .addColumn("audio_input_tokens", "bigint", (column) => column.check(sql`audio_input_tokens >= 0`))
    .addColumn("audio_output_tokens", "bigint", (column) => column.check(sql`audio_output_tokens >= 0`))
    .addColumn("unit_prices", "text")
    .addColumn("cost_nanos", "bigint", (column) => column.check(sql`cost_nanos >= 0`))
    .addColumn("usage_source", "text", (column) =>
      column.notNull().check(sql`usage_source in ('provider', 'counted', 'none')`),
    )
    .execute();
  await db.schema.createIndex("ledger_time").on("ledger").column("at").execute();
  await db.schema.createIndex("ledger_key").on("ledger").columns(["key_id", "at"]).execute();
  await db.schema.createIndex("ledger_user").on("ledger").columns(["user_id", "at"]).execute();
}
