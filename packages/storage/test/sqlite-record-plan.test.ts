import { beforeAll, describe, expect, it } from "vitest";
import { createFileStore } from "../src/attachment/file-store.ts";
import type { RecordFilter } from "../src/index.ts";
import { migrateToLatest } from "../src/migrations/migrate.ts";
import { createGroupCommit } from "../src/sqlite/group-commit.ts";
import { createStorage, type Storage } from "../src/storage.ts";
import { openKysely } from "./open-kysely.ts";
import { createAttempt, createEntry } from "./suite/record-rows.ts";

type Query = { readonly sql: string; readonly parameters: readonly unknown[] };

const queries: Query[] = [];
const { connection, db } = openKysely(":memory:", ({ sql, parameters }) => queries.push({ sql, parameters }));
const storage = createStorage(db, {
  files: createFileStore("nowhere"),
  transaction: createGroupCommit(db),
  relaxedTransaction: createGroupCommit(db),
  relaxed: (write) => write(),
  close: () => db.destroy(),
});

beforeAll(async () => {
  await migrateToLatest(db);
  return () => storage.close();
});

/** The statements that a call makes, and how SQLite carries each one out. */
async function explainCall(call: (storage: Storage) => Promise<unknown>) {
  queries.length = 0;
  await call(storage);
  return queries
    .filter(({ sql }) => !/^(begin|commit|savepoint|release)/.test(sql))
    .map(({ sql, parameters }) => ({
      sql,
      plan: connection
        .prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
        .all(...parameters)
        .map(({ detail }) => detail),
    }));
}

const id = "req_00000000000000000000000005";
const range = { before: id, limit: 50 };
const list = (filter: RecordFilter) => (s: Storage) => s.records.list(filter, range);

describe("pages of records", () => {
  it.each<[string, (storage: Storage) => Promise<unknown>, string]>([
    [
      "of all, the first",
      (s) => s.records.list({}, { limit: 50 }),
      "SCAN request_records USING INDEX request_records_id",
    ],
    ["of all", list({}), "SEARCH request_records USING INDEX request_records_id (id<?)"],
    [
      "of a model",
      list({ model: "m" }),
      "SEARCH request_records USING INDEX request_records_model (model=? AND id<?)",
    ],
    [
      "of an upstream",
      list({ upstream: "u" }),
      "SEARCH request_records USING INDEX request_records_upstream (upstream=? AND id<?)",
    ],
    [
      "of a key",
      list({ keyId: "k" }),
      "SEARCH request_records USING INDEX request_records_key (key_id=? AND id<?)",
    ],
    [
      "of a user",
      list({ userId: 1 }),
      "SEARCH request_records USING INDEX request_records_user (user_id=? AND id<?)",
    ],
    [
      "of a status",
      list({ statusClass: 5 }),
      "SEARCH request_records USING INDEX request_records_status (status_class=? AND id<?)",
    ],
    [
      "of failures",
      list({ isFailed: true }),
      "SEARCH request_records USING INDEX request_records_failed (id<?)",
    ],
    [
      "of a time",
      list({ fromId: "req_0", toId: "req_z" }),
      "SEARCH request_records USING INDEX request_records_id (id>? AND id<?)",
    ],
    [
      "as they were written",
      (s) => s.records.listWritten({ after: 5, limit: 9 }),
      "SEARCH request_records USING INTEGER PRIMARY KEY (rowid>?)",
    ],
  ])("%s are read in their order, from one index", async (_, call, plan) => {
    const found = await explainCall(call);
    expect(found.map((query) => query.plan)).toEqual([[plan]]);
  });

  it("of several conditions are read from the index of the one that leaves the least, within bounds", async () => {
    const found = await explainCall(
      list({ keyId: "k", model: "m", upstream: "u", userId: 1, isFailed: true }),
    );
    expect(found.map((query) => query.plan)).toEqual([
      ["SEARCH request_records USING COVERING INDEX request_records_key (key_id=? AND id<?)"],
      ["SEARCH request_records USING INDEX request_records_key (key_id=? AND id<?)"],
    ]);
  });

  it("touch no body", async () => {
    const filters: RecordFilter[] = [{}, { model: "m" }, { keyId: "k", statusClass: 2 }];
    for (const filter of filters) {
      const found = await explainCall(list(filter));
      expect(found.filter(({ sql }) => /bodies|attempts/.test(sql))).toEqual([]);
    }
  });
});

describe("everything else about records", () => {
  it("finds one record and its parts by keys", async () => {
    const found = await explainCall(async ({ records }) => {
      await records.find(id);
      await records.listAttempts(id);
      await records.findBodies([id, "req_1"]);
    });
    expect(found.flatMap(({ plan }) => plan)).toEqual([
      "SEARCH request_records USING INDEX request_records_id (id=?)",
      expect.stringContaining(
        "SEARCH record_attempts USING INDEX sqlite_autoindex_record_attempts_1 (record_id=?)",
      ),
      expect.stringContaining(
        "SEARCH record_bodies USING INDEX sqlite_autoindex_record_bodies_1 (record_id=?)",
      ),
    ]);
  });

  it("removes the oldest by ranges of keys", async () => {
    await storage.records.insert([createEntry({ id }, { bodies: { request: "r", answer: "a" } })]);
    const found = await explainCall(async ({ records }) => {
      await records.deleteOldestBodies({ bytes: 1, limit: 1 });
      await records.deleteOldest({ before: "req_z", limit: 10 });
    });
    const plans = found.flatMap(({ plan }) => plan);
    expect(plans.filter((step) => step.startsWith("SCAN"))).toEqual([
      // Stops at its limit.
      "SCAN record_bodies USING INDEX sqlite_autoindex_record_bodies_1",
    ]);
    expect(plans.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
  });

  it("adds many records with few statements, each made once", async () => {
    const entries = Array.from({ length: 256 }, () => createEntry({}, { attempts: [createAttempt()] }));
    const found = await explainCall((s) => s.relaxedTransaction((tx) => tx.records.insert(entries)));
    expect(found).toHaveLength(9);
    expect(new Set(found.map(({ sql }) => sql)).size).toBe(3);
    const others = Array.from({ length: 256 }, () =>
      createEntry({ model: null }, { attempts: [createAttempt()] }),
    );
    const again = await explainCall((s) => s.relaxedTransaction((tx) => tx.records.insert(others)));
    expect(again.map(({ sql }) => sql)).toEqual(found.map(({ sql }) => sql));
  });
});
