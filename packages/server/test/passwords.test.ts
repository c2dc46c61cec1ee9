import { DomainError } from "@llm-backend/contract";
import { createPasswordHasher } from "@llm-backend/server";
import type { User } from "@llm-backend/storage";
import { hash } from "@node-rs/bcrypt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toUsernameKey } from "../src/auth/username-key.ts";
import { codeOf, openServices, type OpenedServices } from "./open-services.ts";

let opened: OpenedServices;
beforeAll(async () => {
  opened = await openServices();
});
afterAll(() => opened[Symbol.asyncDispose]());

const address = "192.0.2.1";
const password = "correct horse battery";
let made = 0;

const hashWithBcrypt = (text: string) => hash(text, { cost: 4 });

/** A user with a hash that another system made. */
async function insertUser(passwordHash: string, fields: Partial<User> = {}): Promise<string> {
  const username = `user-${++made}`;
  await opened.storage.users.insert({
    id: 1000 + made,
    username,
    usernameKey: toUsernameKey(username),
    passwordHash,
    role: "user",
    status: "active",
    tokensValidFrom: 0,
    createdAt: 0,
    ...fields,
  });
  return username;
}

const login = (username: string, given: string) =>
  opened.backend.services.auth.login({ username, password: given }, address);
const findHash = async (username: string) =>
  (await opened.storage.users.findByKey(toUsernameKey(username)))?.passwordHash ?? "";

describe("a password", () => {
  it("is kept as argon2id of the cost that is configured, with a salt of its own", async () => {
    const { users } = opened.backend.services;
    const names = ["same-1", "same-2"];
    for (const username of names) await users.create({ username, password, role: "user" });
    const hashes = await Promise.all(names.map(findHash));
    for (const stored of hashes) {
      const [, salt = "", tag = ""] =
        /^\$argon2id\$v=19\$m=19456,t=2,p=1\$([\w+/]+)\$([\w+/]+)$/.exec(stored) ?? [];
      expect(Buffer.from(salt, "base64").length).toBe(16);
      expect(Buffer.from(tag, "base64").length).toBe(32);
    }
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it("is neither cut nor changed: every character of it counts", async () => {
    const { users } = opened.backend.services;
    const long = `${"x".repeat(1000)}\u{1f600} \u0065\u0301`;
    await users.create({ username: "long", password: long, role: "user" });
    expect(await codeOf(login("long", long))).toBeUndefined();
    for (const other of [long.slice(0, -1), `${long} `, long.trim().normalize("NFC"), long.slice(0, 72)]) {
      if (other !== long) expect(await codeOf(login("long", other))).toBe("unauthenticated");
    }
  });
});

describe("a hash of another system", () => {
  it.each(["$2a$", "$2b$", "$2y$"])(
    "with bcrypt's %s is taken, and replaced by argon2id at the same login",
    async (prefix) => {
      const stored = (await hashWithBcrypt(password)).replace(/^\$2.\$/, prefix);
      const username = await insertUser(stored);
      expect(await codeOf(login(username, "a wrong password"))).toBe("unauthenticated");
      expect(await findHash(username)).toBe(stored);
      expect(await codeOf(login(username, password))).toBeUndefined();
      expect(await findHash(username)).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect(await codeOf(login(username, password))).toBeUndefined();
      expect(await codeOf(login(username, "a wrong password"))).toBe("unauthenticated");
    },
  );

  it("with bcrypt of more than 72 bytes is taken as the other system took it, and whole from then on", async () => {
    const long = "y".repeat(100);
    const username = await insertUser(await hashWithBcrypt(long.slice(0, 72)));
    expect(await codeOf(login(username, long))).toBeUndefined();
    expect(await codeOf(login(username, long))).toBeUndefined();
    expect(await codeOf(login(username, long.slice(0, 80)))).toBe("unauthenticated");
  });

  it("with argon2id of less cost is renewed, and one of more cost is left alone", async () => {
    const cheap = await createPasswordHasher({ memoryKib: 8192, timeCost: 1, concurrency: 1, queueMax: 1 });
    const weak = await insertUser(await cheap.hash(password));
    expect(await codeOf(login(weak, password))).toBeUndefined();
    expect(await findHash(weak)).toMatch(/m=19456,t=2/);
    const strong = await createPasswordHasher({
      memoryKib: 32_768,
      timeCost: 3,
      concurrency: 1,
      queueMax: 1,
    });
    const stored = await strong.hash(password);
    const kept = await insertUser(stored);
    expect(await codeOf(login(kept, password))).toBeUndefined();
    expect(await findHash(kept)).toBe(stored);
  });

  it.each([
    "",
    "plain text",
    "$1$abc$def",
    "$argon2id$",
    "$2b$04$short",
    "$2b$99$abcdefghijklmnopqrstuvwxyz./ABCDEFGHIJKLMNOPQRSTUVWXYZ0",
    "$2x$04$abcdefghijklmnopqrstuv",
  ])("that is none lets nobody in: %j", async (stored) => {
    const username = await insertUser(stored);
    expect(await codeOf(login(username, password))).toBe("unauthenticated");
  });
});

/** All that a face can tell of an error. */
const toTold = (error: unknown) =>
  DomainError.is(error) ? [error.code, error.message, error.details] : error;

describe("a refused login", () => {
  it("comes no sooner and says no more for any reason to refuse", async () => {
    const { users } = opened.backend.services;
    await users.create({ username: "barred", password, role: "user" });
    await users.disable("barred");
    await users.create({ username: "modern", password, role: "user" });
    const legacy = await insertUser(await hashWithBcrypt(password));
    const tries: [string, string][] = [
      ["nobody", password],
      ["modern", "a wrong password"],
      ["barred", password],
      ["barred", "a wrong password"],
      [legacy, "a wrong password"],
    ];
    const errors: unknown[] = [];
    for (const [username, given] of tries) {
      const startedAt = performance.now();
      errors.push(await login(username, given).catch((error: unknown) => toTold(error)));
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(240);
    }
    expect(new Set(errors.map((error) => JSON.stringify(error))).size).toBe(1);
  });
});

describe("the hasher", () => {
  it("refuses what would wait behind too many, and goes on with those that wait", async () => {
    const hasher = await createPasswordHasher({
      memoryKib: 19_456,
      timeCost: 2,
      concurrency: 2,
      queueMax: 3,
    });
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(hasher.hash(password))));
    expect(codes.filter((code) => code === "overloaded")).toHaveLength(5);
    expect(codes.slice(0, 5)).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(await codeOf(hasher.hash(password))).toBeUndefined();
  });

  it("works on no more at once than it may, and gives a place back when its work fails", async () => {
    const hasher = await createPasswordHasher({
      memoryKib: 19_456,
      timeCost: 2,
      concurrency: 1,
      queueMax: 100,
    });
    const outcomes = await Promise.allSettled([
      hasher.verify("$argon2id$v=19$m=0,t=0,p=0$AAAA$AAAA", password),
      hasher.hash(password),
      hasher.verify(undefined, password),
    ]);
    expect(outcomes[1]?.status).toBe("fulfilled");
    expect(outcomes[2]).toEqual({ status: "fulfilled", value: false });
    expect(await codeOf(hasher.hash(password))).toBeUndefined();
  });
});
