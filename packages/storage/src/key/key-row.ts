import type { Budget, BudgetWindow, KeyScope, Role } from "@llm-backend/contract";
import type { Insertable, Selectable } from "kysely";
import type { UserStatus } from "../user/user-row.ts";
import type { ApiKeyTable } from "./key-table.ts";

/** A key of ours, with the hashes of its secrets: never to be shown. */
export type ApiKey = {
  readonly id: string;
  readonly userId: number | null;
  readonly name: string;
  readonly hash: string;
  readonly previousHash: string | null;
  readonly graceUntil: number | null;
  readonly prefix: string;
  readonly last4: string;
  readonly scopes: readonly KeyScope[];
  readonly models: readonly string[];
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly concurrentMax: number | null;
  readonly budget: Budget | null;
  readonly isManaged: boolean;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
};

/** A key together with what matters of its owner; null where it belongs to nobody. */
export type OwnedApiKey = {
  readonly key: ApiKey;
  readonly owner: { readonly role: Role; readonly status: UserStatus } | null;
};

/** Reads a row of `api_keys`. */
export function toApiKey(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    hash: row.hash,
    previousHash: row.previous_hash,
    graceUntil: row.grace_until,
    prefix: row.prefix,
    last4: row.last4,
    scopes: JSON.parse(row.scopes) as KeyScope[],
    models: JSON.parse(row.models) as string[],
    requestsPerMinute: row.requests_per_minute,
    tokensPerMinute: row.tokens_per_minute,
    concurrentMax: row.concurrent_max,
    budget: toBudget(row),
    isManaged: row.is_managed === 1,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}

function toBudget({ budget_nanos: nanos, budget_window: window }: Selectable<ApiKeyTable>): Budget | null {
  return nanos === null || window === null ? null : { nanos, window: window as BudgetWindow };
}

/** Writes a row of `api_keys`. */
export function fromApiKey(key: ApiKey): Insertable<ApiKeyTable> {
  return {
    id: key.id,
    user_id: key.userId,
    name: key.name,
    hash: key.hash,
    previous_hash: key.previousHash,
    grace_until: key.graceUntil,
    prefix: key.prefix,
    last4: key.last4,
    scopes: JSON.stringify(key.scopes),
    models: JSON.stringify(key.models),
    requests_per_minute: key.requestsPerMinute,
    tokens_per_minute: key.tokensPerMinute,
    concurrent_max: key.concurrentMax,
    budget_nanos: key.budget?.nanos ?? null,
    budget_window: key.budget?.window ?? null,
    is_managed: key.isManaged ? 1 : 0,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    last_used_at: key.lastUsedAt,
  };
}
