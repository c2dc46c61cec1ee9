import type { Role } from "@llm-backend/contract";
import type { Kysely, Updateable } from "kysely";
import type { Database } from "../database.ts";
import type { UserStatus } from "../user/user-row.ts";
import { fromApiKey, toApiKey, type ApiKey, type OwnedApiKey } from "./key-row.ts";
import type { ApiKeyTable } from "./key-table.ts";

/** The rows of `api_keys`. */
export type ApiKeyRepository = ReturnType<typeof createApiKeyRepository>;

/** What of a key can be changed. */
export type ApiKeyChange = Partial<
  Pick<
    ApiKey,
    | "name"
    | "scopes"
    | "models"
    | "requestsPerMinute"
    | "tokensPerMinute"
    | "concurrentMax"
    | "budget"
    | "isManaged"
    | "expiresAt"
  >
>;

/** A new secret in the place of the one before. */
export type ApiKeyRotation = Pick<ApiKey, "hash" | "prefix" | "last4"> & { readonly graceUntil: number };

/** Creates the repository over a connection or a transaction. */
export function createApiKeyRepository(db: Kysely<Database>) {
  return {
    async insert(key: ApiKey): Promise<void> {
      await db.insertInto("api_keys").values(fromApiKey(key)).execute();
    },

    async find(id: string): Promise<ApiKey | undefined> {
      const row = await db.selectFrom("api_keys").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toApiKey(row);
    },

    /** The key whose secret has the hash, or had it and is within its time of grace; revoked and expired ones too. */
    async findByHash(hash: string, now: number): Promise<OwnedApiKey | undefined> {
      const row = await db
        .selectFrom("api_keys")
        .leftJoin("users", "users.id", "api_keys.user_id")
        .selectAll("api_keys")
        .select(["users.role as owner_role", "users.status as owner_status"])
        .where(({ eb, or, and }) =>
          or([
            eb("api_keys.hash", "=", hash),
            and([eb("api_keys.previous_hash", "=", hash), eb("api_keys.grace_until", ">", now)]),
          ]),
        )
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { owner_role: role, owner_status: status } = row;
      const owner =
        role === null || status === null ? null : { role: role as Role, status: status as UserStatus };
      return { key: toApiKey(row), owner };
    },

    /** Keys of one user, or of all where none is named, newest first, from below a cursor. */
    async list(
      userId: number | undefined,
      page: { before?: string | undefined; limit: number },
    ): Promise<ApiKey[]> {
      let query = db.selectFrom("api_keys").selectAll().orderBy("id", "desc").limit(page.limit);
      if (userId !== undefined) query = query.where("user_id", "=", userId);
      if (page.before !== undefined) query = query.where("id", "<", page.before);
      return (await query.execute()).map(toApiKey);
    },

    /** The names of keys, by their ids. */
    async listNames(ids: readonly string[]): Promise<Map<string, string>> {
      if (ids.length === 0) return new Map();
      const rows = await db.selectFrom("api_keys").select(["id", "name"]).where("id", "in", ids).execute();
      return new Map(rows.map(({ id, name }) => [id, name]));
    },

    /** How many keys of a user are not revoked. */
    async countUsable(userId: number): Promise<number> {
      const row = await db
        .selectFrom("api_keys")
        .select((expression) => expression.fn.countAll<number | string>().as("count"))
        .where("user_id", "=", userId)
        .where("revoked_at", "is", null)
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async update(id: string, change: ApiKeyChange): Promise<void> {
      const columns = toColumns(change);
      if (Object.keys(columns).length === 0) return;
      await db.updateTable("api_keys").set(columns).where("id", "=", id).execute();
    },

    /** Puts a new secret in the place of the current one; false for a key that is revoked, or gone. */
    async rotate(id: string, rotation: ApiKeyRotation): Promise<boolean> {
      const result = await db
        .updateTable("api_keys")
        .set(({ ref }) => ({
          previous_hash: ref("hash"),
          grace_until: rotation.graceUntil,
          hash: rotation.hash,
          prefix: rotation.prefix,
          last4: rotation.last4,
        }))
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /** Ends a key; the first time counts. */
    async revoke(id: string, now: number): Promise<void> {
      await db
        .updateTable("api_keys")
        .set({ revoked_at: now })
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .execute();
    },

    /** Notes that a key was used at a time; a later one that is there already stays. */
    async updateLastUsed(id: string, at: number): Promise<void> {
      await db
        .updateTable("api_keys")
        .set({ last_used_at: at })
        .where("id", "=", id)
        .where(({ eb, or }) => or([eb("last_used_at", "is", null), eb("last_used_at", "<", at)]))
        .execute();
    },
  };
}

function toColumns(change: ApiKeyChange): Updateable<ApiKeyTable> {
  return {
    ...(change.name !== undefined && { name: change.name }),
    ...(change.scopes !== undefined && { scopes: JSON.stringify(change.scopes) }),
    ...(change.models !== undefined && { models: JSON.stringify(change.models) }),
    ...(change.requestsPerMinute !== undefined && { requests_per_minute: change.requestsPerMinute }),
    ...(change.tokensPerMinute !== undefined && { tokens_per_minute: change.tokensPerMinute }),
    ...(change.concurrentMax !== undefined && { concurrent_max: change.concurrentMax }),
    ...(change.budget !== undefined && {
      budget_nanos: change.budget?.nanos ?? null,
      budget_window: change.budget?.window ?? null,
    }),
    ...(change.isManaged !== undefined && { is_managed: change.isManaged ? 1 : 0 }),
    ...(change.expiresAt !== undefined && { expires_at: change.expiresAt }),
  };
}
