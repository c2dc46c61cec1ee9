import { expect, it } from "vitest";
import { createApiKey } from "./key-rows.ts";
import type { OpenDatabase } from "./open-database.ts";
import { countTrue, createUser } from "./rows.ts";

export function testKeys(open: OpenDatabase): void {
  it("gives back what it was given, and lists the newest first, in pages", async () => {
    await using database = await open();
    const { users, keys } = database.storage;
    const user = createUser();
    await users.insert(user);
    const plain = createApiKey();
    const full = createApiKey({
      userId: user.id,
      scopes: ["inference", "admin"],
      models: ["gpt-*", "a/b"],
      requestsPerMinute: 60,
      tokensPerMinute: 2 ** 40,
      concurrentMax: 3,
      budget: { nanos: Number.MAX_SAFE_INTEGER, window: "month" },
      isManaged: true,
      expiresAt: 5000,
      revokedAt: 4000,
      lastUsedAt: 3000,
      previousHash: "before",
      graceUntil: 6000,
    });
    for (const key of [plain, full]) await keys.insert(key);
    expect(await keys.find(full.id)).toEqual(full);
    expect(await keys.find("key_none")).toBeUndefined();
    expect(await keys.list(undefined, { limit: 10 })).toEqual([full, plain]);
    expect(await keys.list(undefined, { limit: 1 })).toEqual([full]);
    expect(await keys.list(undefined, { before: full.id, limit: 10 })).toEqual([plain]);
    expect(await keys.list(user.id, { limit: 10 })).toEqual([full]);
    expect(await keys.listNames([plain.id, "key_none"])).toEqual(new Map([[plain.id, plain.name]]));
    expect(await keys.listNames([])).toEqual(new Map());
  });

  it("finds a key by the hash of its secret, with its owner as they are now", async () => {
    await using database = await open();
    const { users, keys } = database.storage;
    const user = createUser({ role: "admin" });
    await users.insert(user);
    const owned = createApiKey({ userId: user.id });
    const free = createApiKey();
    for (const key of [owned, free]) await keys.insert(key);
    expect(await keys.findByHash(free.hash, 0)).toEqual({ key: free, owner: null });
    await users.updateStatus(user.id, "disabled");
    const owner = { role: "admin", status: "disabled" };
    expect(await keys.findByHash(owned.hash, 0)).toEqual({ key: owned, owner });
    expect(await keys.findByHash("another", 0)).toBeUndefined();
  });

  it("takes no secret twice", async () => {
    await using database = await open();
    const { keys } = database.storage;
    await keys.insert(createApiKey({ hash: "one" }));
    await expect(keys.insert(createApiKey({ hash: "one" }))).rejects.toThrow(/unique/i);
  });

  it("knows the secret before a rotation for its time of grace, and no older one", async () => {
    await using database = await open();
    const { keys } = database.storage;
    const key = createApiKey({ hash: "first" });
    await keys.insert(key);
    const shown = { prefix: "sk-llmb-efgh", last4: "2222" };
    expect(await keys.rotate(key.id, { hash: "second", graceUntil: 2000, ...shown })).toBe(true);
    expect((await keys.findByHash("first", 1999))?.key).toMatchObject({
      id: key.id,
      hash: "second",
      ...shown,
    });
    expect(await keys.findByHash("first", 2000)).toBeUndefined();
    expect((await keys.findByHash("second", 9999))?.key.id).toBe(key.id);
    await keys.rotate(key.id, { hash: "third", graceUntil: 3000, ...shown });
    expect(await keys.findByHash("first", 0)).toBeUndefined();
    expect((await keys.findByHash("second", 0))?.key.id).toBe(key.id);
  });

  it("rotates no revoked key, and remembers when a key was first revoked", async () => {
    await using database = await open();
    const { keys } = database.storage;
    const key = createApiKey();
    await keys.insert(key);
    await keys.revoke(key.id, 1500);
    await keys.revoke(key.id, 1600);
    const rotation = { hash: "new", prefix: "p", last4: "l", graceUntil: 1 };
    expect(await keys.rotate(key.id, rotation)).toBe(false);
    expect(await keys.find(key.id)).toEqual({ ...key, revokedAt: 1500 });
  });

  it("changes what is named and nothing else", async () => {
    await using database = await open();
    const { keys } = database.storage;
    const key = createApiKey({ requestsPerMinute: 5, budget: { nanos: 7, window: "day" } });
    await keys.insert(key);
    await keys.update(key.id, {});
    expect(await keys.find(key.id)).toEqual(key);
    const change = {
      name: "Another",
      scopes: ["admin"],
      models: ["m"],
      tokensPerMinute: 9,
      concurrentMax: 2,
      budget: { nanos: 0, window: "total" },
      isManaged: true,
      expiresAt: 99,
    } as const;
    await keys.update(key.id, change);
    expect(await keys.find(key.id)).toEqual({ ...key, ...change });
    const without = { requestsPerMinute: null, budget: null, expiresAt: null } as const;
    await keys.update(key.id, without);
    expect(await keys.find(key.id)).toEqual({ ...key, ...change, ...without });
  });

  it("refuses limits that are none", async () => {
    await using database = await open();
    const { keys } = database.storage;
    for (const wrong of [
      { requestsPerMinute: 0 },
      { tokensPerMinute: -1 },
      { concurrentMax: 0 },
      { budget: { nanos: -1, window: "day" } as const },
      { budget: { nanos: 1, window: "year" } as never },
    ])
      await expect(keys.insert(createApiKey(wrong))).rejects.toThrow(/check/i);
  });

  it("notes the latest use, in whatever order it learns of them", async () => {
    await using database = await open();
    const { keys } = database.storage;
    const key = createApiKey();
    await keys.insert(key);
    for (const at of [2000, 5000, 3000]) await keys.updateLastUsed(key.id, at);
    expect((await keys.find(key.id))?.lastUsedAt).toBe(5000);
  });

  it("counts the keys of a user that are not revoked", async () => {
    await using database = await open();
    const { users, keys } = database.storage;
    const [user, other] = [createUser(), createUser()];
    for (const one of [user, other]) await users.insert(one);
    const owned = [user, user, user, other].map(({ id }) => createApiKey({ userId: id }));
    for (const key of owned) await keys.insert(key);
    await keys.revoke(owned[0]?.id ?? "", 1);
    expect(await keys.countUsable(user.id)).toBe(2);
    expect(await keys.countUsable(4711)).toBe(0);
  });

  it("hands out one place to each of two rotations at once", async () => {
    await using database = await open();
    const { keys } = database.storage;
    const key = createApiKey();
    await keys.insert(key);
    const hashes = ["one", "two"];
    const rotations = hashes.map((hash) =>
      keys.rotate(key.id, { hash, prefix: "p", last4: "l", graceUntil: 99 }),
    );
    expect(countTrue(await Promise.all(rotations))).toBe(2);
    const found = await Promise.all(hashes.map((hash) => keys.findByHash(hash, 0)));
    expect(found.map((item) => item?.key.id)).toEqual([key.id, key.id]);
  });
}
