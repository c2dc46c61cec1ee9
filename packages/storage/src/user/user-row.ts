import type { Role } from "@llm-backend/contract";
import type { Selectable } from "kysely";
import type { UserTable } from "./user-table.ts";

/** Whether a user may log in. */
export type UserStatus = "active" | "disabled";

/** A user, with the password's hash: never to be shown. */
export type User = {
  readonly id: number;
  readonly username: string;
  readonly usernameKey: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly status: UserStatus;
  readonly tokensValidFrom: number;
  readonly createdAt: number;
};

/** Reads a row of `users`. */
export function toUser(row: Selectable<UserTable>): User {
  return {
    id: row.id,
    username: row.username,
    usernameKey: row.username_key,
    passwordHash: row.password_hash,
    role: row.role as Role,
    status: row.status as UserStatus,
    tokensValidFrom: row.tokens_valid_from,
    createdAt: row.created_at,
  };
}
