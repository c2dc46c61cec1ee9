import { writeFileSync } from "node:fs";
import { join } from "node:path";
import SqliteConnection from "better-sqlite3";
import { expect, it } from "vitest";
import { findSqliteDamage, openSqlite, StorageRefusal } from "../src/index.ts";
import { createBranch, insertConversation, insertMessages } from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

it("finds nothing wrong with a sound database, also while a server writes to it", async () => {
  using folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  const storage = await openSqlite({ path, exclusive: true });
  const { id: conversationId } = await insertConversation(storage);
  await insertMessages(storage, createBranch(20, { conversationId }));
  expect(findSqliteDamage(path)).toEqual([]);
  await storage.close();
  expect(findSqliteDamage(path)).toEqual([]);
});

it("names rows that point to nothing, which no look at the pages finds", async () => {
  using folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  const storage = await openSqlite({ path });
  const { id: conversationId } = await insertConversation(storage);
  await insertMessages(storage, createBranch(2, { conversationId }));
  await storage.close();
  const connection = new SqliteConnection(path);
  connection.pragma("foreign_keys = off");
  connection.exec("delete from conversations");
  connection.close();
  const damage = findSqliteDamage(path);
  const ofMessages = /^row \d+ of messages points to a row of conversations that is not there$/;
  expect(damage.filter((sentence) => ofMessages.test(sentence))).toHaveLength(2);
});

it("refuses what is missing, or is no database of this system", () => {
  using folder = createTemporaryFolder();
  expect(() => findSqliteDamage(join(folder.path, "none.db"))).toThrow(StorageRefusal);
  const text = join(folder.path, "text.db");
  writeFileSync(text, "not a database, but long enough to be taken for a page of one".repeat(100));
  expect(() => findSqliteDamage(text)).toThrow("is not an SQLite database");
  const foreign = join(folder.path, "foreign.db");
  const connection = new SqliteConnection(foreign);
  connection.exec("create table others (id integer)");
  connection.close();
  expect(() => findSqliteDamage(foreign)).toThrow("belongs to another program");
});
