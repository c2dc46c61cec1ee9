import type { UpstreamClocks, UpstreamOptions } from "@llm-backend/contract";
import type { Insertable, Selectable } from "kysely";
import type { UpstreamTable, UpstreamTallyTable } from "./upstream-table.ts";

/** An upstream as it is stored, with its sealed keys: never to be shown. */
export type UpstreamRecord = {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly source: string;
  readonly endpoint: string;
  readonly keysSealed: readonly string[];
  readonly models: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly clocks: UpstreamClocks | null;
  readonly options: UpstreamOptions;
  readonly tokensSealed: readonly string[];
  readonly isOpen: boolean;
  readonly isEnabled: boolean;
  readonly foundSealed: string | null;
  readonly removedAt: number | null;
  readonly position: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** How often an upstream answered and failed, in all processes together. */
export type UpstreamTallyRecord = {
  readonly upstreamId: string;
  readonly successes: number;
  readonly failures: number;
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
};

/** Reads a row of `upstreams`. */
export function toUpstreamRecord(row: Selectable<UpstreamTable>): UpstreamRecord {
  return {
    id: row.id,
    number: row.number,
    name: row.name,
    source: row.source,
    endpoint: row.endpoint,
    keysSealed: JSON.parse(row.keys_sealed) as string[],
    models: JSON.parse(row.models) as string[],
    aliases: JSON.parse(row.aliases) as Record<string, string>,
    clocks: row.clocks === null ? null : (JSON.parse(row.clocks) as UpstreamClocks),
    options: JSON.parse(row.options) as UpstreamOptions,
    tokensSealed: JSON.parse(row.tokens_sealed) as string[],
    isOpen: row.is_open === 1,
    isEnabled: row.is_enabled === 1,
    foundSealed: row.found_sealed,
    removedAt: row.removed_at,
    position: row.position,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Writes a row of `upstreams`. */
export function toUpstreamRow(upstream: UpstreamRecord): Insertable<UpstreamTable> {
  return {
    id: upstream.id,
    number: upstream.number,
    name: upstream.name,
    source: upstream.source,
    endpoint: upstream.endpoint,
    keys_sealed: JSON.stringify(upstream.keysSealed),
    models: JSON.stringify(upstream.models),
    aliases: JSON.stringify(upstream.aliases),
    clocks: upstream.clocks === null ? null : JSON.stringify(upstream.clocks),
    options: JSON.stringify(upstream.options),
    tokens_sealed: JSON.stringify(upstream.tokensSealed),
    is_open: Number(upstream.isOpen),
    is_enabled: Number(upstream.isEnabled),
    found_sealed: upstream.foundSealed,
    removed_at: upstream.removedAt,
    position: upstream.position,
    created_at: upstream.createdAt,
    updated_at: upstream.updatedAt,
  };
}

/** Reads a row of `upstream_tallies`. */
export function toUpstreamTally(row: Selectable<UpstreamTallyTable>): UpstreamTallyRecord {
  return {
    upstreamId: row.upstream_id,
    successes: row.successes,
    failures: row.failures,
    lastSuccessAt: row.last_success_at,
    lastFailureAt: row.last_failure_at,
  };
}
