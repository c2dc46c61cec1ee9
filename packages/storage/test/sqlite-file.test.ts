import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import SqliteConnection from "better-sqlite3";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openSqlite, StorageRefusal } from "../src/index.ts";
import { checkIntegrity, openKysely, readSchema } from "./open-kysely.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createBranch, createUser, insertConversation, insertMessages, insertRun } from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

/** What opening fails with, or undefined where it does not. */
async function findRefusal(path: string, exclusive = true): Promise<Error | undefined> {
  try {
    await using cleanUp = new AsyncDisposableStack();
    const storage = await openSqlite({ path, exclusive });
    cleanUp.defer(() => storage.close());
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** A closed database with some rows. */
async function createFilledDatabase(path: string): Promise<void> {
  const storage = await openSqlite({ path });
  const { id: conversationId } = await insertConversation(storage);
  await insertMessages(storage, createBranch(200, { conversationId, content: "x".repeat(300) }));
  await storage.close();
}

function listModes(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
  );
}

describe("a new file", () => {
  it("is readable by its owner only, with all that stands beside it, whatever the umask", async () => {
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    using folder = createTemporaryFolder();
    const storage = await openSqlite({ path: join(folder.path, "a.db"), exclusive: true });
    await storage.users.insert(createUser());
    expect(listModes(folder.path)).toEqual({
      "a.db": "600",
      "a.db-shm": "600",
      "a.db-wal": "600",
      "a.db.lock": "600",
      "a.db.lock-journal": "600",
    });
    await storage.close();
    expect(listModes(folder.path)).toEqual({ "a.db": "600", "a.db.lock": "600" });
  });

  it("is made where a link points to, and is one database under both names", async () => {
    using folder = createTemporaryFolder();
    mkdirSync(join(folder.path, "data"));
    symlinkSync("data", join(folder.path, "link"));
    const storage = await openSqlite({ path: join(folder.path, "link", "a.db"), exclusive: true });
    expect(await findRefusal(join(folder.path, "data", "a.db"))).toBeInstanceOf(StorageRefusal);
    await storage.close();
    symlinkSync(join("data", "a.db"), join(folder.path, "file.db"));
    const again = await openSqlite({ path: join(folder.path, "file.db"), exclusive: true });
    expect(await findRefusal(join(folder.path, "data", "a.db"))).toBeInstanceOf(StorageRefusal);
    await again.close();
    expect(readdirSync(folder.path).toSorted()).toEqual(["data", "file.db", "link"]);
  });
});

describe("the connection", () => {
  it("commits to the disk before it acknowledges, but for journals", async () => {
    using folder = createTemporaryFolder();
    const pragma = vi.spyOn(SqliteConnection.prototype, "pragma");
    const storage = await openSqlite({ path: join(folder.path, "a.db") });
    const connection = pragma.mock.contexts.at(-1) as SqliteConnection.Database;
    const read = (name: string) => connection.pragma(name, { simple: true });
    expect(["journal_mode", "synchronous", "foreign_keys"].map(read)).toEqual(["wal", 2, 1]);

    const run = await insertRun(storage);
    pragma.mockClear();
    await storage.journal([{ runId: run.id, start: 0, events: "[]" }]);
    expect(pragma.mock.calls.map(([source]) => source)).toEqual([
      "synchronous = normal",
      "synchronous = full",
    ]);
    expect(read("synchronous")).toBe(2);

    const failing = storage.journal([{ runId: run.id, start: Number.NaN, events: "[]" }]);
    await expect(failing).rejects.toThrow(/not null/i);
    expect(read("synchronous")).toBe(2);
    await storage.close();
  });

  it("leaves one file behind when it is closed, with everything in it", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    await createFilledDatabase(path);
    expect(readdirSync(folder.path)).toEqual(["a.db"]);
    expect(checkIntegrity(path)).toBe("ok");
  });
});

describe("an exclusive owner", () => {
  it("keeps out a second one, and lets it in as soon as it has closed", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const storage = await openSqlite({ path, exclusive: true });
    const refusal = await findRefusal(path);
    expect(refusal).toBeInstanceOf(StorageRefusal);
    expect(String(refusal)).toBe(
      `StorageRefusal: Another server already uses the database ${path}. ` +
        "Stop it first, or give this one a data folder of its own.",
    );
    // The refused one must not have taken the first one's lock away.
    expect(await findRefusal(path)).toBeInstanceOf(StorageRefusal);
    await storage.close();
    expect(await findRefusal(path)).toBeUndefined();
  });

  it("lets others read and write beside it", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const server = await openSqlite({ path, exclusive: true });
    const command = await openSqlite({ path });
    const user = createUser();
    await command.users.insert(user);
    expect(await server.users.findById(user.id)).toEqual(user);
    await server.users.updateRole(user.id, "admin");
    expect((await command.users.findById(user.id))?.role).toBe("admin");
    await command.close();
    expect(await findRefusal(path)).toBeInstanceOf(StorageRefusal);
    await server.close();
  });

  it("does not mind what an earlier one left beside the file", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    writeFileSync(`${path}.lock`, "");
    writeFileSync(`${path}.lock-journal`, "what a journal would never begin with");
    writeFileSync(`${path}.1.new`, "");
    expect(await findRefusal(path)).toBeUndefined();
  });

  it("says which file is in the way where the lock's file is none", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    writeFileSync(`${path}.lock`, "no lock ".repeat(1000));
    expect(String(await findRefusal(path))).toBe(
      `StorageRefusal: The database ${path}.lock is not an SQLite database.`,
    );
  });
});

describe("a file that is no database of this system", () => {
  const sentence = /^StorageRefusal: The database \S+ [^\n]+\.$/;

  it("is refused in one sentence", async () => {
    using folder = createTemporaryFolder();
    const at = (name: string) => join(folder.path, name);
    await createFilledDatabase(at("good.db"));
    const good = readFileSync(at("good.db"));
    mkdirSync(at("folder.db"));
    writeFileSync(at("file"), "");
    writeFileSync(at("empty.db"), "");
    writeFileSync(at("text.db"), "This is a text of some length, and nothing else.\n".repeat(100));
    writeFileSync(at("short.db"), "SQLite format 3\0");
    writeFileSync(at("zeros.db"), Buffer.alloc(good.length));
    writeFileSync(at("half.db"), good.subarray(0, good.length / 2));
    writeFileSync(
      at("page.db"),
      Buffer.concat([good.subarray(0, 4096), Buffer.alloc(8192), good.subarray(12_288)]),
    );
    const reasons = {
      "missing/a.db": "cannot be made: its folder does not exist",
      "file/a.db": "cannot be made: its folder is a file",
      "folder.db": "is not a file",
      "empty.db": "is an empty file, which no database ever is: restore a backup, or remove it to begin anew",
      "text.db": "is not an SQLite database",
      "short.db": "is not an SQLite database",
      "zeros.db": "is not an SQLite database",
      "half.db": "is damaged; restore a backup",
      "page.db": "is damaged; restore a backup",
    };
    for (const [name, reason] of Object.entries(reasons)) {
      const before = statSync(at(name), { throwIfNoEntry: false })?.size;
      const refusal = await findRefusal(at(name));
      expect(refusal).toBeInstanceOf(StorageRefusal);
      expect(String(refusal)).toBe(`StorageRefusal: The database ${at(name)} ${reason}.`);
      expect(statSync(at(name), { throwIfNoEntry: false })?.size).toBe(before);
    }
  });

  it("is refused where it belongs to another program, and left as it is", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "other.db");
    const other = new SqliteConnection(path);
    other.exec("create table users (id integer primary key, username text, password text)");
    other.close();
    const before = readFileSync(path);
    const refusal = await findRefusal(path, false);
    expect(String(refusal)).toMatch(sentence);
    expect(String(refusal)).toContain("belongs to another program");
    expect(readFileSync(path)).toEqual(before);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  it("is refused in one sentence, or is sound enough to be opened, wherever it is damaged [P09]", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    await createFilledDatabase(path);
    const good = readFileSync(path);
    const random = createSeededRandom(9);
    const flip = (bad: Buffer, offset: number) =>
      bad.writeUInt8(bad.readUInt8(offset) ^ (1 + random(255)), offset);
    const damages = [
      (bad: Buffer) => flip(bad, random(bad.length)),
      (bad: Buffer) => flip(bad, random(100)),
      (bad: Buffer) => flip(bad, random(bad.length / 4096) * 4096 + random(12)),
      (bad: Buffer) => bad.fill(random(256), random(bad.length / 512) * 512).length,
      (bad: Buffer) => bad.fill(0, 512 * random(bad.length / 512)).length,
    ];
    const refusals: string[] = [];
    for (let round = 0; round < 200; round++) {
      const bad = Buffer.from(good);
      damages[round % damages.length]?.(bad);
      writeFileSync(path, bad);
      const refusal = await findRefusal(path);
      if (refusal !== undefined) refusals.push(String(refusal));
    }
    expect(refusals.filter((text) => !/^StorageRefusal: The database [^\n]+\.$/.test(text))).toEqual([]);
    expect(refusals.length).toBeGreaterThan(100);
  });

  it("is refused when it has lost its end", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    await createFilledDatabase(path);
    const { size } = statSync(path);
    for (let cut = 1; cut <= 8; cut++) {
      truncateSync(path, size - cut * 4096 - (cut % 3));
      expect(String(await findRefusal(path))).toMatch(sentence);
    }
  });
});

it("makes an equal schema whenever a file is made", async () => {
  using folder = createTemporaryFolder();
  const [first = "", second = ""] = ["a.db", "b.db"].map((name) => join(folder.path, name));
  await createFilledDatabase(first);
  expect(await findRefusal(second)).toBeUndefined();
  expect(readSchema(first)).toEqual(readSchema(second));
  await using raw = openKysely(first);
  expect(raw.connection.pragma("foreign_key_check")).toEqual([]);
});
