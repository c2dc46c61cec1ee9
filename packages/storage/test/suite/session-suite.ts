import { expect, it } from "vitest";
import type { Storage } from "../../src/index.ts";
import type { OpenDatabase } from "./open-database.ts";
import { countTrue, createSession, createUser } from "./rows.ts";

async function insertUser({ users }: Storage) {
  const user = createUser();
  await users.insert(user);
  return user;
}

export function testSessions(open: OpenDatabase): void {
  it("finds a session together with its user", async () => {
    await using database = await open();
    const { storage } = database;
    const user = await insertUser(storage);
    await insertUser(storage);
    const session = createSession({ userId: user.id, kind: "fixed", address: "192.0.2.1" });
    expect(await storage.sessions.insert(session)).toBe(true);
    expect(await storage.sessions.findWithUser(session.id)).toEqual({ session, user });
    expect(await storage.sessions.findWithUser("ses_other")).toBeUndefined();
    const { username, role, status } = user;
    const { userId, expiresAt, revokedAt } = session;
    const holder = { userId, username, role, status, expiresAt, revokedAt };
    expect(await storage.sessions.findHolder(session.id)).toEqual(holder);
    expect(await storage.sessions.findHolder("ses_other")).toBeUndefined();
  });

  it("refuses a taken id, and keeps the first", async () => {
    await using database = await open();
    const { storage } = database;
    const user = await insertUser(storage);
    const session = createSession({ userId: user.id });
    await storage.sessions.insert(session);
    expect(await storage.sessions.insert({ ...session, kind: "adopted" })).toBe(false);
    expect((await storage.sessions.findWithUser(session.id))?.session).toEqual(session);
  });

  it("knows from which addresses a user has come, and not from which others have", async () => {
    await using database = await open();
    const { storage } = database;
    const user = await insertUser(storage);
    const other = await insertUser(storage);
    await storage.sessions.insert(createSession({ userId: user.id, address: "192.0.2.1" }));
    expect(await storage.sessions.existsFrom(user.id, "192.0.2.1")).toBe(true);
    expect(await storage.sessions.existsFrom(user.id, "192.0.2.2")).toBe(false);
    expect(await storage.sessions.existsFrom(other.id, "192.0.2.1")).toBe(false);
  });

  it("moves a refresh token on for exactly one of many that use it at once", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: userId } = await insertUser(storage);
    const session = createSession({ userId });
    await storage.sessions.insert(session);
    const uses = Array.from({ length: 20 }, (_, index) =>
      storage.sessions.advance(session.id, { generation: 0, now: 1500 + index, expiresAt: 3000 }),
    );
    expect(countTrue(await Promise.all(uses))).toBe(1);
    expect((await storage.sessions.findWithUser(session.id))?.session).toMatchObject({
      refreshGeneration: 1,
      expiresAt: 3000,
    });
  });

  it("does not move on a session that was revoked, nor one of another generation", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: userId } = await insertUser(storage);
    const session = createSession({ userId });
    await storage.sessions.insert(session);
    expect(await storage.sessions.advance(session.id, { generation: 1, now: 1, expiresAt: 3 })).toBe(false);
    await storage.sessions.revoke(session.id, 1600);
    expect(await storage.sessions.advance(session.id, { generation: 0, now: 1, expiresAt: 3 })).toBe(false);
  });

  it("remembers when a session was first revoked", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: userId } = await insertUser(storage);
    const session = createSession({ userId });
    await storage.sessions.insert(session);
    await storage.sessions.revoke(session.id, 1600);
    await storage.sessions.revoke(session.id, 1700);
    expect((await storage.sessions.findWithUser(session.id))?.session.revokedAt).toBe(1600);
  });

  it("revokes all sessions of a user but one, names those it ended, and leaves others alone", async () => {
    await using database = await open();
    const { storage } = database;
    const user = await insertUser(storage);
    const [first, second, kept, ended] = [1, 2, 3, 4].map(() => createSession({ userId: user.id }));
    const foreign = createSession({ userId: (await insertUser(storage)).id });
    for (const session of [first, second, kept, ended, foreign])
      if (session) await storage.sessions.insert(session);
    await storage.sessions.revoke(ended?.id ?? "", 1000);
    const revoked = await storage.sessions.revokeAll(user.id, { now: 1600, except: kept?.id ?? "" });
    expect(revoked.toSorted()).toEqual([first?.id, second?.id]);
    expect((await storage.sessions.findWithUser(kept?.id ?? ""))?.session.revokedAt).toBeNull();
    expect((await storage.sessions.findWithUser(foreign.id))?.session.revokedAt).toBeNull();
    expect(await storage.sessions.revokeAll(user.id, { now: 1700 })).toEqual([kept?.id]);
    expect(await storage.sessions.revokeAll(user.id, { now: 1800 })).toEqual([]);
  });

  it("removes those that ended before a time, and counts them", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: userId } = await insertUser(storage);
    const sessions = [1000, 1999, 2000, 3000].map((expiresAt) => createSession({ userId, expiresAt }));
    for (const session of sessions) await storage.sessions.insert(session);
    expect(await storage.sessions.deleteEnded(2000)).toBe(2);
    const left = await Promise.all(sessions.map(({ id }) => storage.sessions.findWithUser(id)));
    expect(left.map((found) => found?.session.expiresAt)).toEqual([undefined, undefined, 2000, 3000]);
  });
}
