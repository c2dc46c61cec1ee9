import { expect, it } from "vitest";
import { createFileStore } from "../src/attachment/file-store.ts";
import { readSearchTerms } from "../src/index.ts";
import { allMigrations } from "../src/migrations/all-migrations.ts";
import { migrateToLatest } from "../src/migrations/migrate.ts";
import { createStorage } from "../src/storage.ts";
import { openKysely } from "./open-kysely.ts";

it("finds what was stored before there was anything to find it with", async () => {
  await using opened = openKysely(":memory:");
  const { connection, db } = opened;
  const { "0001-foundation": foundation, "0002-gateway": gateway } = allMigrations;
  if (foundation === undefined || gateway === undefined) throw new Error("The first steps are gone.");
  await migrateToLatest(db, { "0001-foundation": foundation, "0002-gateway": gateway });
  connection.prepare("insert into users values (1, 'a', 'a', 'h', 'user', 'active', 0, 0)").run();
  const addConversation = connection.prepare(
    "insert into conversations values (?, 1, ?, 'm', null, null, null, 0, 0)",
  );
  for (let id = 1; id <= 700; id++) addConversation.run(id, `Trip ${id}`);
  const addMessage = connection.prepare(
    "insert into messages values (?, 1, null, 'user', ?, null, null, null, null, null, 0)",
  );
  for (let id = 1; id <= 1200; id++) addMessage.run(`msg_${String(id).padStart(5, "0")}`, `Ort ${id} 東京`);
  await migrateToLatest(db);
  const storage = createStorage(db, {
    files: createFileStore("nowhere"),
    transaction: (work) => work(db),
    relaxedTransaction: (work) => work(db),
    relaxed: (write) => write(),
    close: () => Promise.resolve(),
  });
  const newest = await storage.search.findNewest();
  const count = async (query: string) => {
    const terms = readSearchTerms(query);
    return (await storage.search.list(1, { terms }, { newest, behind: undefined, limit: 5000 })).length;
  };
  expect(newest).toBe(1900);
  expect([
    await count("trip"),
    await count("trip 700"),
    await count("東京"),
    await count("ort 1200"),
  ]).toEqual([700, 1, 1200, 1]);
  const [conversation] = await storage.conversations.list(1, { limit: 1 });
  expect(conversation).toMatchObject({ titleSource: "user", isPinned: false, isArchived: false });
});
