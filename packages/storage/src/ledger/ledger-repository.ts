import type { UsageGroup, UsageSums } from "@llm-backend/contract";
import { sql, type ExpressionBuilder, type Kysely, type RawBuilder, type SelectQueryBuilder } from "kysely";
import type { Database } from "../database.ts";
import { insertRows } from "../insert-rows.ts";
import { fromLedgerEntry, toLedgerEntry, type LedgerEntry } from "./ledger-row.ts";

/** The rows of `ledger`. */
export type LedgerRepository = ReturnType<typeof createLedgerRepository>;

/** Which requests are summed up. Times are milliseconds since 1970; `to` is not part of it. */
export type LedgerFilter = {
  readonly from: number;
  readonly to: number;
  readonly userId?: number | undefined;
  readonly keyId?: string | undefined;
  readonly model?: string | undefined;
  readonly upstream?: string | undefined;
};

/** Sums of one group; null for the requests that belong to none. Days are their first millisecond. */
export type LedgerSums = UsageSums & { readonly group: string | number | null };

const dayMs = sql.lit(86_400_000);

/** The columns that are grouped by; what is null there sorts, and is found again, as its stand-in. */
const groups = {
  day: { column: sql<string | number>`at - at % ${dayMs}`, none: undefined },
  model: { column: sql<string | number>`model`, none: undefined },
  key: { column: sql<string | number>`coalesce(key_id, '')`, none: "" },
  user: { column: sql<string | number>`coalesce(user_id, 0)`, none: 0 },
  upstream: { column: sql<string | number>`coalesce(upstream, '')`, none: "" },
} as const satisfies Record<
  UsageGroup,
  { column: RawBuilder<string | number>; none: string | number | undefined }
>;

/** Creates the repository over a connection or a transaction. */
export function createLedgerRepository(db: Kysely<Database>) {
  return {
    /** Adds lines; a request that has one keeps it, so that a write whose outcome is unknown can be repeated. */
    async insert(entries: readonly LedgerEntry[]): Promise<void> {
      await insertRows(db, { table: "ledger", rows: entries.map(fromLedgerEntry), ignoresKnown: true });
    },

    async find(requestId: string): Promise<LedgerEntry | undefined> {
      const row = await db
        .selectFrom("ledger")
        .selectAll()
        .where("request_id", "=", requestId)
        .executeTakeFirst();
      return row && toLedgerEntry(row);
    },

    /** The sums over all requests of a filter. */
    async sum(filter: LedgerFilter): Promise<UsageSums> {
      const row = await withFilter(db.selectFrom("ledger"), filter)
        .select(selectSums)
        .executeTakeFirstOrThrow();
      return toSums(row);
    },

    /** The sums of each group, in the order of the groups, from behind a cursor. */
    async sumBy(
      by: UsageGroup,
      filter: LedgerFilter,
      page: { after?: string | number | undefined; limit: number },
    ): Promise<LedgerSums[]> {
      const { column, none } = groups[by];
      let query = withFilter(db.selectFrom("ledger"), filter);
      if (page.after !== undefined) query = query.where(column, ">", page.after);
      const rows = await query
        .select(column.as("group"))
        .select(selectSums)
        .groupBy(column)
        .orderBy(column)
        .limit(page.limit)
        .execute();
      return rows.map((row) => ({ group: row.group === none ? null : row.group, ...toSums(row) }));
    },
  };
}

function withFilter<TRow>(
  query: SelectQueryBuilder<Database, "ledger", TRow>,
  filter: LedgerFilter,
): SelectQueryBuilder<Database, "ledger", TRow> {
  let filtered = query.where("at", ">=", filter.from).where("at", "<", filter.to);
  if (filter.userId !== undefined) filtered = filtered.where("user_id", "=", filter.userId);
  if (filter.keyId !== undefined) filtered = filtered.where("key_id", "=", filter.keyId);
  if (filter.model !== undefined) filtered = filtered.where("model", "=", filter.model);
  if (filter.upstream !== undefined) filtered = filtered.where("upstream", "=", filter.upstream);
  return filtered;
}

function selectSums({ fn }: ExpressionBuilder<Database, "ledger">) {
  const requests = fn.countAll<number | string>();
  return [
    requests.as("requests"),
    fn.sum<number | string | null>("prompt_tokens").as("prompt_tokens"),
    fn.sum<number | string | null>("completion_tokens").as("completion_tokens"),
    fn.sum<number | string | null>("reasoning_tokens").as("reasoning_tokens"),
    fn.sum<number | string | null>("cached_tokens").as("cached_tokens"),
    fn.sum<number | string | null>("cost_nanos").as("cost_nanos"),
    fn.count<number | string>("cost_nanos").as("requests_priced"),
  ] as const;
}

type SumRow = Record<
  | "requests"
  | "prompt_tokens"
  | "completion_tokens"
  | "reasoning_tokens"
  | "cached_tokens"
  | "cost_nanos"
  | "requests_priced",
  number | string | null
>;

function toSums(row: SumRow): UsageSums {
  return {
    requests: Number(row.requests),
    promptTokens: Number(row.prompt_tokens),
    completionTokens: Number(row.completion_tokens),
    reasoningTokens: Number(row.reasoning_tokens),
    cachedTokens: Number(row.cached_tokens),
    costNanos: Number(row.cost_nanos),
    requestsUnpriced: Number(row.requests) - Number(row.requests_priced),
  };
}
