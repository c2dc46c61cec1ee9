import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import SqliteConnection from "better-sqlite3";
import { expect, it } from "vitest";
import { createFileStore } from "../src/attachment/file-store.ts";
import { openSqlite } from "../src/index.ts";
import { createGroupCommit } from "../src/sqlite/group-commit.ts";
import { createStorage } from "../src/storage.ts";
import { startChild } from "./child-process/start-child.ts";
import { checkIntegrity, openKysely } from "./open-kysely.ts";
import { createSeededRandom } from "./seeded-random.ts";
import {
  createBranch,
  createMessage,
  createUser,
  insertConversation,
  insertMessages,
  insertRun,
} from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const kills = 20;

/** All rows with a text key of a table. */
function readKeys(path: string, query: string): Set<string> {
  const connection = new SqliteConnection(path, { readonly: true });
  try {
    return new Set(connection.prepare<[], string>(query).pluck().all());
  } finally {
    connection.close();
  }
}

it(
  "has every row that it acknowledged, and is sound, however often it is killed [P01]",
  { timeout: 120_000 },
  async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const setUp = await openSqlite({ path, exclusive: true });
    const { userId, conversationId } = await insertRun(setUp, { owner: "child" });
    await setUp.close();
    const random = createSeededRandom(1);
    const acknowledged = { message: new Set<string>(), segment: new Set<string>() };

    for (let round = 0; round < kills; round++) {
      await using child = startChild("acknowledge-rows", path, String(userId), String(round));
      const note = (line = "") => {
        const [kind, id = ""] = line.split(" ");
        if (kind === "message" || kind === "segment") acknowledged[kind].add(id);
      };
      for (let left = 1 + random(60); left > 0; left--) note(await child.readLine());
      // It goes on writing until the signal meets it, at a place that nobody chose.
      await child.kill();
      for (let line = await child.readLine(); line !== undefined; line = await child.readLine()) note(line);

      // A new owner gets in at once.
      const storage = await openSqlite({ path, exclusive: true });
      const messages = readKeys(path, "select id from messages");
      const segments = readKeys(path, "select cast(start as text) from run_segments");
      expect([...acknowledged.message].filter((id) => !messages.has(id))).toEqual([]);
      expect([...acknowledged.segment].filter((start) => !segments.has(start))).toEqual([]);
      // What one transaction wrote is there together: the head is the newest message, and all hang together.
      const head = (await storage.conversations.find(conversationId, userId))?.headMessageId ?? "";
      const branch = await storage.messages.listBranch(conversationId, { messageId: head, limit: 100_000 });
      expect(branch).toHaveLength(messages.size);
      await storage.close();
      expect(checkIntegrity(path)).toBe("ok");
    }
    expect(acknowledged.message.size).toBeGreaterThan(kills);
  },
);

it("keeps a beginning of what was committed when power is cut and tears the end of its log [P12]", async () => {
  using folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  const storage = await openSqlite({ path });
  const { id: conversationId } = await insertConversation(storage);
  // Few enough that the log is not written back before it is read.
  const messages = createBranch(40, { conversationId, content: "x".repeat(3000) });
  for (const message of messages) await storage.transaction((tx) => tx.messages.insert([message]));
  const torn = join(folder.path, "torn.db");
  const log = readFileSync(`${path}-wal`);
  const file = join(folder.path, "whole.db");
  copyFileSync(path, file);
  await storage.close();

  const random = createSeededRandom(12);
  const lengths = new Set<number>();
  for (let round = 0; round < 60; round++) {
    const place = random(log.length);
    const tails = [
      Buffer.alloc(0),
      Buffer.alloc(log.length - place),
      Buffer.from(Array.from({ length: 512 }, () => random(256))),
    ];
    copyFileSync(file, torn);
    writeFileSync(
      `${torn}-wal`,
      Buffer.concat([log.subarray(0, place), tails[round % 3] ?? Buffer.alloc(0)]),
    );
    const opened = await openSqlite({ path: torn, exclusive: true });
    const found = await Promise.all(messages.map(({ id }) => opened.messages.find(id, conversationId)));
    const length = found.filter((message) => message !== undefined).length;
    expect(found.slice(0, length)).toEqual(messages.slice(0, length));
    lengths.add(length);
    await opened.close();
    expect(checkIntegrity(torn)).toBe("ok");
  }
  // The cuts met many places.
  expect(lengths.size).toBeGreaterThan(10);
});

it("takes nothing on a full disk, says why, still reads, and goes on when there is room [P06]", async () => {
  using folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  await (await openSqlite({ path })).close();
  await using raw = openKysely(path);
  const storage = createStorage(raw.db, {
    files: createFileStore("nowhere"),
    transaction: createGroupCommit(raw.db),
    relaxedTransaction: createGroupCommit(raw.db),
    relaxed: (write) => write(),
    close: () => Promise.resolve(),
  });
  const { id: conversationId } = await insertConversation(storage);
  const pages = Number(raw.connection.pragma("page_count", { simple: true }));
  raw.connection.pragma(`max_page_count = ${pages + 20}`);

  const user = createUser();
  const big = createMessage({ conversationId, content: "x".repeat(1_000_000) });
  const write = storage.transaction(async (tx) => {
    await tx.users.insert(user);
    await tx.messages.insert([big]);
  });
  await expect(write).rejects.toMatchObject({ code: "storage_unavailable", cause: { code: "SQLITE_FULL" } });
  expect(await storage.users.findById(user.id)).toBeUndefined();
  expect(await storage.messages.find(big.id, conversationId)).toBeUndefined();
  const small = createMessage({ conversationId });
  await storage.transaction((tx) => tx.messages.insert([small]));

  raw.connection.pragma("max_page_count = 1000000");
  await insertMessages(storage, [big]);
  expect(await storage.messages.find(big.id, conversationId)).toEqual(big);
  expect(await storage.messages.find(small.id, conversationId)).toEqual(small);
});
