import type { UnitPrices, Usage, UsageSource } from "@llm-backend/contract";
import type { Insertable, Selectable } from "kysely";
import type { LedgerTable } from "./ledger-table.ts";

/** One line of the ledger. */
export type LedgerEntry = {
  readonly requestId: string;
  readonly at: number;
  readonly keyId: string | null;
  readonly userId: number | null;
  readonly model: string;
  readonly upstream: string | null;
  readonly usage: Usage;
  readonly usageSource: UsageSource;
  /** The prices that it was settled with; null where none was known. */
  readonly prices: UnitPrices | null;
  readonly costNanos: number | null;
};

const columns = {
  promptTokens: "prompt_tokens",
  completionTokens: "completion_tokens",
  reasoningTokens: "reasoning_tokens",
  cachedTokens: "cached_tokens",
  cacheWriteTokens: "cache_write_tokens",
  audioInputTokens: "audio_input_tokens",
  audioOutputTokens: "audio_output_tokens",
} as const satisfies Record<keyof Usage, keyof LedgerTable>;

const tokenClasses = Object.keys(columns) as (keyof Usage)[];

/** Reads a row of `ledger`. */
export function toLedgerEntry(row: Selectable<LedgerTable>): LedgerEntry {
  const usage: Usage = {};
  for (const name of tokenClasses) {
    const count = row[columns[name]];
    if (count !== null) usage[name] = count;
  }
  return {
    requestId: row.request_id,
    at: row.at,
    keyId: row.key_id,
    userId: row.user_id,
    model: row.model,
    upstream: row.upstream,
    usage,
    usageSource: row.usage_source as UsageSource,
    prices: row.unit_prices === null ? null : (JSON.parse(row.unit_prices) as UnitPrices),
    costNanos: row.cost_nanos,
  };
}

/** Writes a row of `ledger`. Its fields stand in one order, always: statements are made for that order. */
export function fromLedgerEntry(entry: LedgerEntry): Insertable<LedgerTable> {
  const { usage } = entry;
  return {
    request_id: entry.requestId,
    at: entry.at,
    key_id: entry.keyId,
    user_id: entry.userId,
    model: entry.model,
    upstream: entry.upstream,
    prompt_tokens: usage.promptTokens ?? null,
    completion_tokens: usage.completionTokens ?? null,
    reasoning_tokens: usage.reasoningTokens ?? null,
    cached_tokens: usage.cachedTokens ?? null,
    cache_write_tokens: usage.cacheWriteTokens ?? null,
    audio_input_tokens: usage.audioInputTokens ?? null,
    audio_output_tokens: usage.audioOutputTokens ?? null,
    unit_prices: entry.prices === null ? null : JSON.stringify(entry.prices),
    cost_nanos: entry.costNanos,
    usage_source: entry.usageSource,
  };
}
