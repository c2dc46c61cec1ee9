import type { InferResult, Kysely } from "kysely";
import type { Database } from "../database.ts";
import { executePrepared } from "../prepared-statement.ts";
import { toUser, type User } from "../user/user-row.ts";
import { toSession, type Session } from "./session-row.ts";

/** The rows of `sessions`. */
export type SessionRepository = ReturnType<typeof createSessionRepository>;

/** Of a session and its user, what decides whether they come in. */
export type SessionHolder = Pick<User, "username" | "role" | "status"> &
  Pick<Session, "userId" | "expiresAt" | "revokedAt">;

type HolderRow = InferResult<ReturnType<typeof selectHolder>>[number];
type SessionWithUser = InferResult<ReturnType<typeof compileWithUser>>[number];

/** Creates the repository over a connection or a transaction. */
export function createSessionRepository(db: Kysely<Database>) {
  let withUser: ReturnType<typeof compileWithUser> | undefined;
  return {
    /** Adds a session; false when the id is taken. */
    async insert(session: Session): Promise<boolean> {
      const result = await db
        .insertInto("sessions")
        .values({
          id: session.id,
          user_id: session.userId,
          kind: session.kind,
          address: session.address,
          refresh_generation: session.refreshGeneration,
          refreshed_at: session.refreshedAt,
          created_at: session.createdAt,
          expires_at: session.expiresAt,
          revoked_at: session.revokedAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return result.numInsertedOrUpdatedRows === 1n;
    },

    /** Who comes in by a session. */
    async findHolder(id: string): Promise<SessionHolder | undefined> {
      const { rows } = await executePrepared<HolderRow>(db, {
        name: "session holder",
        build: selectHolder,
        parameters: [id],
      });
      return rows[0] && toHolder(rows[0]);
    },

    /** A session together with its user. */
    async findWithUser(id: string): Promise<{ session: Session; user: User } | undefined> {
      withUser ??= compileWithUser(db);
      const { rows } = await db.executeQuery<SessionWithUser>({ ...withUser, parameters: [id] });
      const [row] = rows;
      if (row === undefined) return undefined;
      const session = toSession({ ...row, id: row.session_id, created_at: row.session_created_at });
      return { session, user: toUser(row) };
    },

    /** Which of some sessions have not ended, and belong to users who may come in. */
    async listAlive(ids: readonly string[], now: number): Promise<string[]> {
      const rows = await db
        .selectFrom("sessions")
        .innerJoin("users", "users.id", "sessions.user_id")
        .select("sessions.id")
        .where("sessions.id", "in", ids)
        .where("sessions.revoked_at", "is", null)
        .where("sessions.expires_at", ">", now)
        .where("users.status", "=", "active")
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Whether a user has ever logged in from an address, within what is kept. */
    async existsFrom(userId: number, address: string): Promise<boolean> {
      const row = await db
        .selectFrom("sessions")
        .select("id")
        .where("user_id", "=", userId)
        .where("address", "=", address)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Moves the refresh token on by one; false when another call did so first, or the session is over. */
    async advance(
      id: string,
      from: { generation: number; now: number; expiresAt: number },
    ): Promise<boolean> {
      const result = await db
        .updateTable("sessions")
        .set({
          refresh_generation: from.generation + 1,
          refreshed_at: from.now,
          expires_at: from.expiresAt,
        })
        .where("id", "=", id)
        .where("refresh_generation", "=", from.generation)
        .where("revoked_at", "is", null)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /** Ends one session. */
    async revoke(id: string, now: number): Promise<void> {
      await db
        .updateTable("sessions")
        .set({ revoked_at: now })
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .execute();
    },

    /** Ends all sessions of a user, but for one where it is named; answers with the ids of those that it ended. */
    async revokeAll(userId: number, options: { now: number; except?: string }): Promise<string[]> {
      let update = db
        .updateTable("sessions")
        .set({ revoked_at: options.now })
        .where("user_id", "=", userId)
        .where("revoked_at", "is", null);
      if (options.except !== undefined) update = update.where("id", "!=", options.except);
      const rows = await update.returning("id").execute();
      return rows.map((row) => row.id);
    },

    /** Removes sessions that ended before a time; answers with their number. */
    async deleteEnded(before: number): Promise<number> {
      const result = await db
        .deleteFrom("sessions")
        .where("expires_at", "<", before)
        .executeTakeFirstOrThrow();
      return Number(result.numDeletedRows);
    },
  };
}

/** Read with every request of a user: a column more costs a microsecond, and to find the row three. */
function selectHolder(db: Kysely<Database>) {
  return db
    .selectFrom("sessions")
    .innerJoin("users", "users.id", "sessions.user_id")
    .select([
      "users.id",
      "users.username",
      "users.role",
      "users.status",
      "sessions.expires_at",
      "sessions.revoked_at",
    ])
    .where("sessions.id", "=", "");
}

function toHolder(row: HolderRow): SessionHolder {
  return {
    userId: row.id,
    username: row.username,
    role: row.role as User["role"],
    status: row.status as User["status"],
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

function compileWithUser(db: Kysely<Database>) {
  return db
    .selectFrom("sessions")
    .innerJoin("users", "users.id", "sessions.user_id")
    .selectAll("users")
    .select([
      "sessions.id as session_id",
      "sessions.user_id",
      "sessions.kind",
      "sessions.address",
      "sessions.refresh_generation",
      "sessions.refreshed_at",
      "sessions.created_at as session_created_at",
      "sessions.expires_at",
      "sessions.revoked_at",
    ])
    .where("sessions.id", "=", "")
    .compile();
}
