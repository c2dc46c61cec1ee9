import type { Selectable } from "kysely";
import type { UpstreamTable } from "./upstream-table.ts";

/** An upstream as it is stored, with its sealed key: never to be shown. */
export type UpstreamRecord = {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly endpoint: string;
  readonly keySealed: string | null;
  readonly models: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly clocks: Readonly<Record<string, number>> | null;
  readonly position: number;
  readonly updatedAt: number;
};

/** Reads a row of `upstreams`. */
export function toUpstreamRecord(row: Selectable<UpstreamTable>): UpstreamRecord {
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    endpoint: row.endpoint,
    keySealed: row.key_sealed,
    models: JSON.parse(row.models) as string[],
    aliases: JSON.parse(row.aliases) as Record<string, string>,
    clocks: row.clocks === null ? null : (JSON.parse(row.clocks) as Record<string, number>),
    position: row.position,
    updatedAt: row.updated_at,
  };
}
