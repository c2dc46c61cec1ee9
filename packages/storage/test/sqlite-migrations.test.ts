import { join } from "node:path";
import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { describe, expect, it } from "vitest";
import { openSqlite, StorageRefusal } from "../src/index.ts";
import { allMigrations } from "../src/migrations/all-migrations.ts";
import { migrateToLatest } from "../src/migrations/migrate.ts";
import { startChild } from "./child-process/start-child.ts";
import { checkIntegrity, openKysely, readSchema } from "./open-kysely.ts";
import { createUser } from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const addTable: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.createTable("later").addColumn("id", "text").execute();
  },
};

/** Does half of its work, and fails. */
const fail: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.createTable("half").addColumn("id", "text").execute();
    await sql`update users set role = 'admin'`.execute(db);
    await sql`insert into nowhere values (1)`.execute(db);
  },
};

/** The tables of a file without those in which migrations are noted. */
function readTables(path: string): string[] {
  return readSchema(path).filter((statement) => !statement.includes("kysely_migration"));
}

describe("migrateToLatest", () => {
  it("names the steps that it applied, and applies none twice", async () => {
    using folder = createTemporaryFolder();
    await using raw = openKysely(join(folder.path, "a.db"));
    expect(await migrateToLatest(raw.db)).toEqual(Object.keys(allMigrations));
    expect(await migrateToLatest(raw.db)).toEqual([]);
    const longer = { ...allMigrations, "9000-later": addTable };
    expect(await migrateToLatest(raw.db, longer)).toEqual(["9000-later"]);
    expect(await migrateToLatest(raw.db, longer)).toEqual([]);
  });

  it("changes nothing of a new database when a step fails, not even by the steps before it", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    await using raw = openKysely(path);
    const failing = migrateToLatest(raw.db, { ...allMigrations, "9000-later": addTable, "9001-fail": fail });
    await expect(failing).rejects.toThrow(
      new StorageRefusal("The database could not be brought to this version's schema; nothing was changed."),
    );
    await expect(failing).rejects.toHaveProperty("cause.message", "no such table: nowhere");
    expect(readTables(path)).toEqual([]);
    expect(await migrateToLatest(raw.db)).toEqual(Object.keys(allMigrations));
  });

  it("changes nothing of a database in use when a step fails", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const storage = await openSqlite({ path });
    const user = createUser();
    await storage.users.insert(user);
    await storage.close();
    const before = readSchema(path);
    {
      await using raw = openKysely(path);
      await expect(migrateToLatest(raw.db, { ...allMigrations, "9001-fail": fail })).rejects.toThrow(
        StorageRefusal,
      );
    }
    expect(readSchema(path)).toEqual(before);
    const again = await openSqlite({ path });
    expect(await again.users.list()).toEqual([user]);
    await again.close();
  });
});

describe("a database of a newer version", () => {
  it("is refused in words that name the step, and left as it is", async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    {
      await using raw = openKysely(path);
      await migrateToLatest(raw.db, { ...allMigrations, "9000-later": addTable });
    }
    const before = readSchema(path);
    const opening = openSqlite({ path, exclusive: true });
    await expect(opening).rejects.toThrow(
      new StorageRefusal(
        "The database was written by a newer version (it has the schema step 9000-later). " +
          "Start that version, or restore a backup from before the upgrade.",
      ),
    );
    expect(readSchema(path)).toEqual(before);
    // The refused process holds nothing on to it.
    await expect(openSqlite({ path, exclusive: true })).rejects.toThrow("newer version");
  });
});

const isFullSize = (import.meta as { readonly env?: { readonly MODE?: string } }).env?.MODE === "full";
/** Every one of them is a process; most find the same transaction open. */
const killedBehind = isFullSize ? "any" : "sixteen";

it(
  `reruns safely when it was killed behind ${killedBehind} of its statements [P02]`,
  { timeout: 300_000 },
  async () => {
    using folder = createTemporaryFolder();
    const expected = join(folder.path, "expected.db");
    const total = await countStatements(expected);
    // Fewer would mean that a kill hardly ever hits the middle of the work.
    expect(total).toBeGreaterThan(20);

    async function dieAndRerun(statement: number): Promise<void> {
      const path = join(folder.path, `${statement}.db`);
      await using child = startChild("die-in-migration", path, String(statement));
      // Only who dies behind none of them gets to the end.
      expect(await child.readLine()).toBe(statement > total ? "complete" : undefined);
      await child.kill();
      const storage = await openSqlite({ path, exclusive: true });
      await storage.users.insert(createUser());
      await storage.close();
      expect(readSchema(path)).toEqual(readSchema(expected));
      expect(checkIntegrity(path)).toBe("ok");
    }

    const statements = [...toKillPoints(total), total + 1].values();
    const lane = async () => {
      for (const statement of statements) await dieAndRerun(statement);
    };
    await Promise.all([lane(), lane()]);
  },
);

/** Migrates a new file, and answers with how many statements that takes. */
async function countStatements(path: string): Promise<number> {
  let statements = 0;
  await using raw = openKysely(path, () => void statements++);
  await migrateToLatest(raw.db);
  return statements;
}

/** The first, the last, and those evenly between them; all of them in the full size. */
function toKillPoints(total: number): number[] {
  if (isFullSize) return Array.from({ length: total }, (_, index) => index + 1);
  return Array.from({ length: 16 }, (_, index) => 1 + Math.round((index * (total - 1)) / 15));
}
