import type { Role } from "@llm-backend/contract";
import type { Kysely } from "kysely";
import type { Database } from "../database.ts";
import { toUser, type User, type UserStatus } from "./user-row.ts";

/** The rows of `users`. */
export type UserRepository = ReturnType<typeof createUserRepository>;

/** Creates the repository over a connection or a transaction. */
export function createUserRepository(db: Kysely<Database>) {
  return {
    /** Adds a user; false when the id or the name is taken. */
    async insert(user: User): Promise<boolean> {
      const result = await db
        .insertInto("users")
        .values({
          id: user.id,
          username: user.username,
          username_key: user.usernameKey,
          password_hash: user.passwordHash,
          role: user.role,
          status: user.status,
          tokens_valid_from: user.tokensValidFrom,
          created_at: user.createdAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return result.numInsertedOrUpdatedRows === 1n;
    },

    async findById(id: number): Promise<User | undefined> {
      const row = await db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toUser(row);
    },

    async findByKey(usernameKey: string): Promise<User | undefined> {
      const row = await db
        .selectFrom("users")
        .selectAll()
        .where("username_key", "=", usernameKey)
        .executeTakeFirst();
      return row && toUser(row);
    },

    /** All users, in the order in which they came; accounts that are being removed are none. */
    async list(): Promise<User[]> {
      const rows = await db
        .selectFrom("users")
        .selectAll()
        .where("erased_at", "is", null)
        .orderBy("id")
        .execute();
      return rows.map(toUser);
    },

    /** How many active users have a role. */
    async countActive(role: Role): Promise<number> {
      const row = await db
        .selectFrom("users")
        .select((expression) => expression.fn.countAll<number | string>().as("count"))
        .where("role", "=", role)
        .where("status", "=", "active")
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async updatePassword(id: number, change: { passwordHash: string }): Promise<void> {
      await db
        .updateTable("users")
        .set({ password_hash: change.passwordHash })
        .where("id", "=", id)
        .execute();
    },

    async updateTokensValidFrom(id: number, tokensValidFrom: number): Promise<void> {
      await db
        .updateTable("users")
        .set({ tokens_valid_from: tokensValidFrom })
        .where("id", "=", id)
        .execute();
    },

    async updateRole(id: number, role: Role): Promise<void> {
      await db.updateTable("users").set({ role }).where("id", "=", id).execute();
    },

    async updateStatus(id: number, status: UserStatus): Promise<void> {
      await db.updateTable("users").set({ status }).where("id", "=", id).execute();
    },
  };
}
