import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite, StorageRefusal } from "../src/index.ts";
import { startChild, type Child } from "./child-process/start-child.ts";
import { checkIntegrity } from "./open-kysely.ts";
import { createUser } from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const isRoot = process.getuid?.() === 0;
/** Who owns nothing. */
const nobody = "65534";

/** Starts a process that opens a database and holds it; answers with what it said about that. */
async function startHolder(
  path: string,
  mode: "exclusive" | "shared",
): Promise<{ child: Child; outcome: string }> {
  const child = startChild("hold-database", path, mode);
  await child.readLine();
  child.send("go");
  return { child, outcome: (await child.readLine()) ?? "" };
}

describe("an exclusive owner [P11]", () => {
  it("keeps servers of other processes out, and is followed by the next one at once when it is killed", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const first = await startHolder(path, "exclusive");
    await using owner = first.child;
    expect(first.outcome).toBe("open");

    const sentence = `StorageRefusal: Another server already uses the database ${path}. Stop it first, or give this one a data folder of its own.`;
    await expect(openSqlite({ path, exclusive: true })).rejects.toThrow(StorageRefusal);
    const second = await startHolder(path, "exclusive");
    await using refused = second.child;
    expect(second.outcome).toBe(sentence);

    await owner.kill();
    await refused.kill();
    const next = await openSqlite({ path, exclusive: true });
    const third = await startHolder(path, "exclusive");
    await using kept = third.child;
    expect(third.outcome).toBe(sentence);
    await kept.kill();
    await next.close();
  });

  it("leaves nothing behind that others could read, or that keeps the next one out, when it is killed", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const { child } = await startHolder(path, "exclusive");
    await child.kill();
    expect(existsSync(`${path}.lock`)).toBe(true);
    for (const name of readdirSync(folder.path)) {
      expect([name, statSync(join(folder.path, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    await (await openSqlite({ path, exclusive: true })).close();
  });

  it("lets commands of other processes in, and is written to by them", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const { child, outcome } = await startHolder(path, "exclusive");
    await using owner = child;
    expect(outcome).toBe("open");
    const command = await openSqlite({ path });
    await command.users.insert(createUser());
    expect(await command.users.list()).toHaveLength(1);
    await command.close();
    await owner.kill();
  });
});

it("is made once by processes that all come first", async () => {
  using folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  await using cleanUp = new AsyncDisposableStack();
  const children = Array.from({ length: 4 }, () => cleanUp.use(startChild("hold-database", path, "shared")));
  for (const child of children) await child.readLine();
  for (const child of children) child.send("go");
  expect(await Promise.all(children.map((child) => child.readLine()))).toEqual([
    "open",
    "open",
    "open",
    "open",
  ]);
  expect(readdirSync(folder.path).toSorted()).toEqual(["a.db", "a.db-shm", "a.db-wal"]);
  expect(checkIntegrity(path)).toBe("ok");
});

it(
  "keeps four processes of 200 transactions each apart: none is turned away, none is lost [P08]",
  { timeout: 120_000 },
  async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const storage = await openSqlite({ path, exclusive: true });
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => storage.close());
    const children = Array.from({ length: 4 }, () => cleanUp.use(startChild("count-up", path, "200")));
    for (const child of children) expect(await child.readLine()).toBe("ready");
    for (const child of children) child.send("go");
    const errors = await Promise.all(children.map((child) => child.readLine()));
    expect(errors).toEqual(["[]", "[]", "[]", "[]"]);
    await Promise.all(children.map((child) => child.end()));
    expect(await storage.settings.find("master_key_check")).toBe("800");
  },
);

describe("a file that may not be written to [P10]", () => {
  /** Opens a database as somebody to whom permissions mean something. */
  async function open(path: string): Promise<string | undefined> {
    if (isRoot) {
      await using child = startChild("open-as-user", path, nobody);
      return await child.readLine();
    }
    try {
      await (await openSqlite({ path, exclusive: true })).close();
      return "open";
    } catch (error) {
      return String(error);
    }
  }

  it("is refused in one sentence, as is one in a folder that may not", async () => {
    using folder = createTemporaryFolder();
    chmodSync(folder.path, 0o755);
    const at = (name: string) => join(folder.path, name, "a.db");
    for (const name of ["free", "file", "folder", "hidden"]) {
      mkdirSync(join(folder.path, name));
      await (await openSqlite({ path: at(name) })).close();
      chmodSync(at(name), name === "file" ? 0o444 : 0o666);
      chmodSync(join(folder.path, name), 0o777);
    }
    chmodSync(join(folder.path, "folder"), 0o555);
    chmodSync(join(folder.path, "hidden"), 0o000);
    expect(await open(at("free"))).toBe("open");
    for (const name of ["file", "folder", "hidden"]) {
      expect(await open(at(name))).toBe(
        `StorageRefusal: The database ${at(name)} may not be read and written by this user.`,
      );
    }
    chmodSync(join(folder.path, "hidden"), 0o700);
    chmodSync(join(folder.path, "folder"), 0o700);
  });

  it("is not made where the folder may not be written to", async () => {
    using folder = createTemporaryFolder();
    chmodSync(folder.path, 0o555);
    const path = join(folder.path, "new.db");
    expect(await open(path)).toBe(
      `StorageRefusal: The database ${path} may not be read and written by this user.`,
    );
    chmodSync(folder.path, 0o700);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});
