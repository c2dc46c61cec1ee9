import { DomainError, listKeysInput, type KeyView } from "@llm-backend/contract";
import { operator } from "@llm-backend/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openKeyStage, type KeyStage } from "./key-stage.ts";
import { codeOf } from "./open-services.ts";

let stage: KeyStage;
beforeAll(async () => {
  stage = await openKeyStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

let made = 0;

/** A new user, as the holder of keys. */
async function addUser(role: "user" | "admin" = "user") {
  const username = `holder-${++made}`;
  const user = await stage.backend.services.users.create({ username, password: "correct horse", role });
  return { userId: user.id, role, username };
}

const keys = () => stage.backend.services.keys;
const authenticate = (token: string | undefined, scope: "inference" | "admin" = "inference") =>
  codeOf(keys().authenticate(token, scope));
const list = (input: Record<string, unknown> = {}) => listKeysInput.parse(input);

/** The sentence that a promise rejects with. */
async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return DomainError.is(error) ? error.message : `not refused: ${String(error)}`;
}

describe("a key", () => {
  it("has a secret of 256 bits that is shown once, and stored nowhere", async () => {
    const holder = await addUser();
    const { key, secret } = await keys().create(holder, { name: "Mine" });
    expect(secret).toMatch(/^sk-llmb-[\w-]{43}$/);
    expect(key.prefix).toBe(secret.slice(0, 12));
    expect(key.last4).toBe(secret.slice(-4));
    const shown = JSON.stringify([await keys().get(holder, key.keyId), await keys().list(holder, list())]);
    const stored = JSON.stringify(await stage.storage.keys.find(key.keyId));
    for (const text of [shown, stored]) expect(text).not.toContain(secret.slice(12, 40));
    expect(shown).not.toMatch(/hash/i);
  });

  it("says whose it is, and which models it is for", async () => {
    const holder = await addUser();
    const { key, secret } = await keys().create(holder, { name: "Mine", models: ["gpt-*", "own"] });
    const access = await keys().authenticate(secret, "inference");
    expect(access).toMatchObject({ kind: "key", keyId: key.keyId, keyName: "Mine", userId: holder.userId });
    expect(["gpt-4o", "own", "owner", "claude"].map(access.mayAsk)).toEqual([true, true, false, false]);
  });

  it("is refused changed, cut, longer, or in other letters", async () => {
    const { secret } = await stage.createKey();
    const wrong = [
      "",
      "sk-llmb-",
      secret.slice(0, -1),
      `${secret}x`,
      ` ${secret}`,
      secret.toUpperCase(),
      secret.slice(0, -1) + (secret.endsWith("A") ? "B" : "A"),
      `sk-llmb-${"x".repeat(1_000_000)}`,
      "' or 1=1; --",
    ];
    for (const token of [undefined, ...wrong]) expect(await authenticate(token)).toBe("unauthenticated");
    expect(await authenticate(secret)).toBeUndefined();
  });

  it("ends when it expires, at the moment", async () => {
    const expiresAt = new Date(stage.clock.now + 10_000);
    const { secret } = await stage.createKey({ expiresAt });
    stage.clock.now += 9999;
    expect(await authenticate(secret)).toBeUndefined();
    stage.clock.now += 1;
    expect(await messageOf(keys().authenticate(secret, "inference"))).toBe("The key has expired.");
  });

  it("ends at once when it is revoked here, and within a second when another process revoked it", async () => {
    const [here, elsewhere] = [await stage.createKey(), await stage.createKey()];
    const revoked = await keys().revoke(operator, here.key.keyId);
    expect(revoked.revokedAt).toEqual(new Date(stage.clock.now));
    expect(await messageOf(keys().authenticate(here.secret, "inference"))).toBe("The key was revoked.");
    await authenticate(elsewhere.secret);
    await stage.storage.keys.revoke(elsewhere.key.keyId, stage.clock.now);
    stage.clock.now += 1000;
    expect(await authenticate(elsewhere.secret)).toBe("unauthenticated");
  });

  it("ends with its owner's account, within a second", async () => {
    const holder = await addUser();
    const { secret } = await keys().create(holder, { name: "Mine" });
    expect(await authenticate(secret)).toBeUndefined();
    await stage.backend.services.users.disable(holder.username);
    stage.clock.now += 1000;
    expect(await messageOf(keys().authenticate(secret, "inference"))).toBe("The key's owner is barred.");
  });

  it("opens the administration only when it is made for it, and its owner still is an administrator", async () => {
    const admin = await addUser("admin");
    await addUser("admin");
    const plain = await keys().create(admin, { name: "Asks" });
    const { secret } = await keys().create(admin, { name: "Administrates", scopes: ["admin"] });
    expect(await authenticate(plain.secret, "admin")).toBe("forbidden");
    expect(await authenticate(secret, "inference")).toBe("forbidden");
    expect(await authenticate(secret, "admin")).toBeUndefined();
    await stage.backend.services.users.setRole(admin.username, "user");
    stage.clock.now += 1000;
    expect(await authenticate(secret, "admin")).toBe("forbidden");
  });

  it("remembers when it was used last, without a write for each use", async () => {
    const { key, secret } = await stage.createKey();
    stage.clock.now += 5000;
    await authenticate(secret);
    expect((await keys().get(operator, key.keyId)).lastUsedAt).toBeNull();
    await stage.backend.drain(AbortSignal.abort());
    expect((await keys().get(operator, key.keyId)).lastUsedAt).toEqual(new Date(stage.clock.now));
  });
});

describe("rotating", () => {
  it("gives the same key a new secret; the one before works until the end of its grace", async () => {
    const { key, secret } = await stage.createKey({ budget: { nanos: 100, window: "day" } });
    const next = await keys().rotate(operator, { keyId: key.keyId, graceSeconds: 60 });
    expect(next.key).toMatchObject({ keyId: key.keyId, budget: key.budget, last4: next.secret.slice(-4) });
    for (const token of [secret, next.secret]) {
      const access = await keys().authenticate(token, "inference");
      expect(access.keyId).toBe(key.keyId);
    }
    stage.clock.now += 59_999;
    expect(await authenticate(secret)).toBeUndefined();
    stage.clock.now += 1;
    expect(await authenticate(secret)).toBe("unauthenticated");
    expect(await authenticate(next.secret)).toBeUndefined();
  });

  it("without grace ends the secret before at once, and revoking ends both", async () => {
    const { key, secret } = await stage.createKey();
    const second = await keys().rotate(operator, { keyId: key.keyId, graceSeconds: 0 });
    expect(await authenticate(secret)).toBe("unauthenticated");
    const third = await keys().rotate(operator, { keyId: key.keyId, graceSeconds: 60 });
    await keys().revoke(operator, key.keyId);
    for (const token of [second.secret, third.secret])
      expect(await authenticate(token)).toBe("unauthenticated");
    expect(await codeOf(keys().rotate(operator, { keyId: key.keyId, graceSeconds: 0 }))).toBe("conflict");
  });
});

describe("a user", () => {
  it("handles the own keys, and cannot tell foreign ones from absent ones", async () => {
    const [owner, stranger] = [await addUser(), await addUser()];
    const { key } = await keys().create(owner, { name: "Mine" });
    const { keyId } = key;
    const absent = `key_${"0".repeat(26)}`;
    const calls = (id: string) => [
      keys().get(stranger, id),
      keys().update(stranger, { keyId: id, name: "Theirs" }),
      keys().revoke(stranger, id),
      keys().rotate(stranger, { keyId: id, graceSeconds: 0 }),
    ];
    const foreign = await Promise.all(calls(keyId).map(messageOf));
    expect(foreign).toEqual(await Promise.all(calls(absent).map(messageOf)));
    expect(new Set(foreign)).toEqual(new Set(["There is no such key."]));
    expect((await keys().get(owner, keyId)).name).toBe("Mine");
    expect(await codeOf(keys().list(stranger, list({ owner: "all" })))).toBe("forbidden");
    expect(await codeOf(keys().list(stranger, list({ owner: owner.userId })))).toBe("forbidden");
  });

  it("makes no key for others, for nobody, or for the administration", async () => {
    const [user, other] = [await addUser(), await addUser()];
    for (const input of [{ userId: other.userId }, { userId: null }, { scopes: ["admin" as const] }])
      expect(await codeOf(keys().create(user, { name: "Not mine", ...input }))).toBe("forbidden");
    const { key } = await keys().create(user, { name: "Mine", userId: user.userId });
    const change = { keyId: key.keyId, scopes: ["inference" as const, "admin" as const] };
    expect(await codeOf(keys().update(user, change))).toBe("forbidden");
  });

  it("cannot loosen what an administrator set, but may rename, rotate and revoke", async () => {
    const user = await addUser();
    const { key } = await keys().create(operator, {
      name: "Given",
      userId: user.userId,
      requestsPerMinute: 1,
    });
    const { keyId } = key;
    expect(key.isManaged).toBe(true);
    for (const change of [{ requestsPerMinute: null }, { models: [] }, { expiresAt: null }, { budget: null }])
      expect(await codeOf(keys().update(user, { keyId, ...change }))).toBe("forbidden");
    expect((await keys().update(user, { keyId, name: "Renamed" })).name).toBe("Renamed");
    const { key: rotated } = await keys().rotate(user, { keyId, graceSeconds: 0 });
    expect(rotated).toMatchObject({ requestsPerMinute: 1, isManaged: true });
    expect((await keys().revoke(user, keyId)).revokedAt).not.toBeNull();
  });

  it("sets limits of an own key until an administrator does", async () => {
    const user = await addUser();
    const { key } = await keys().create(user, { name: "Mine", requestsPerMinute: 5 });
    const { keyId } = key;
    expect((await keys().update(user, { keyId, requestsPerMinute: 9 })).requestsPerMinute).toBe(9);
    expect((await keys().update(operator, { keyId, name: "Looked at" })).isManaged).toBe(false);
    expect((await keys().update(operator, { keyId, concurrentMax: 2 })).isManaged).toBe(true);
    expect(await codeOf(keys().update(user, { keyId, concurrentMax: null }))).toBe("forbidden");
  });

  it("has a hundred keys at most, however many are asked for at once", async () => {
    const user = await addUser();
    const asked = Array.from({ length: 120 }, (_, index) => keys().create(user, { name: `Key ${index}` }));
    const codes = await Promise.all(asked.map(codeOf));
    expect(codes.filter((code) => code === undefined)).toHaveLength(100);
    expect(codes.filter((code) => code === "conflict")).toHaveLength(20);
  });
});

describe("listing", () => {
  it("goes through all keys in pages, newest first", async () => {
    const user = await addUser();
    const names = ["one", "two", "three"];
    for (const name of names) await keys().create(user, { name });
    const found: KeyView[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await keys().list(user, list({ limit: 2, ...(typeof cursor === "string" && { cursor }) }));
      found.push(...page.keys);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(found.map(({ name }) => name)).toEqual(names.toReversed());
    const all = await keys().list(operator, list({ owner: user.userId }));
    expect(all.keys).toEqual(found);
  });
});

it("says what is wrong with an input that no face has checked", async () => {
  expect(await messageOf(keys().create(operator, { name: "", requestsPerMinute: 0 }))).toMatch(
    /name: .*requestsPerMinute: /,
  );
  expect(await codeOf(keys().create(operator, { name: "For nobody", userId: 4711 }))).toBe("not_found");
});
