import { join } from "node:path";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { openSqlite } from "../src/index.ts";
import { allMigrations } from "../src/migrations/all-migrations.ts";
import { migrateToLatest } from "../src/migrations/migrate.ts";
import { openKysely } from "./open-kysely.ts";
import { createUpstream } from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const foundation = { "0001-foundation": allMigrations["0001-foundation"] as { up: () => Promise<void> } };

it("carries over the upstreams of the schema before it: key, order, and numbers in that order", async () => {
  using folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  {
    await using raw = openKysely(path);
    expect(await migrateToLatest(raw.db, foundation)).toEqual(["0001-foundation"]);
    await sql`
      insert into upstreams
        (id, name, source, endpoint, key_sealed, models, aliases, clocks, position, updated_at)
      values
        ('ups_b', 'second', 'environment', 'https://b.example', null, '[]', '{}', null, 1, 20),
        ('ups_a', 'first', 'config', 'https://a.example/v1', 'v1.non-ce_.bo-dy_', '["m-*"]', '{"fast":"m-1"}',
          '{"idleMs":5}', 0, 10),
        ('ups_c', 'third', 'local', 'http://127.0.0.1:1', 'v1.x.y', '[]', '{}', null, 1, 30)
    `.execute(raw.db);
  }
  const storage = await openSqlite({ path });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => storage.close());
  const common = { position: 1, createdAt: 0 };
  expect(await storage.upstreams.list()).toEqual([
    createUpstream({
      id: "ups_a",
      number: 1,
      name: "first",
      source: "config",
      endpoint: "https://a.example/v1",
      keysSealed: ["v1.non-ce_.bo-dy_"],
      models: ["m-*"],
      aliases: { fast: "m-1" },
      clocks: { idleMs: 5 },
      position: 0,
      createdAt: 10,
      updatedAt: 10,
    }),
    createUpstream({
      ...common,
      id: "ups_b",
      number: 2,
      name: "second",
      source: "environment",
      endpoint: "https://b.example",
      createdAt: 20,
      updatedAt: 20,
    }),
    createUpstream({
      ...common,
      id: "ups_c",
      number: 3,
      name: "third",
      source: "local",
      endpoint: "http://127.0.0.1:1",
      keysSealed: ["v1.x.y"],
      createdAt: 30,
      updatedAt: 30,
    }),
  ]);
  expect(await storage.upstreams.takeNumber()).toBe(4);
  expect(await storage.upstreams.readRevision()).toBe(0);
});

it("counts from one in a database that is new", async () => {
  using folder = createTemporaryFolder();
  const storage = await openSqlite({ path: join(folder.path, "a.db") });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => storage.close());
  expect(await storage.upstreams.list()).toEqual([]);
  expect(await storage.upstreams.takeNumber()).toBe(1);
});
