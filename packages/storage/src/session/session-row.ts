import type { Selectable } from "kysely";
import type { SessionTable } from "./session-table.ts";

/**
 * `fixed`: one token for the whole session (contract 1's 24 hours). `rotating`: short access tokens out of a
 * refresh token. `adopted`: a token that the earlier system issued under the same secret.
 */
export type SessionKind = "fixed" | "rotating" | "adopted";

/** One login. */
export type Session = {
  readonly id: string;
  readonly userId: number;
  readonly kind: SessionKind;
  readonly address: string | null;
  readonly refreshGeneration: number;
  readonly refreshedAt: number | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
};

/** Reads a row of `sessions`. */
export function toSession(row: Selectable<SessionTable>): Session {
  return {
    id: row.id,
    userId: row.user_id,
    kind: row.kind as SessionKind,
    address: row.address,
    refreshGeneration: row.refresh_generation,
    refreshedAt: row.refreshed_at,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
