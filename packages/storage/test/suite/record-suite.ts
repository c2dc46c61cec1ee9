import { describe, expect, it } from "vitest";
import type { RecordEntry, RecordFilter, RequestRecord, Storage } from "../../src/index.ts";
import type { OpenDatabase } from "./open-database.ts";
import { createAttempt, createEntry, createFailedRecord } from "./record-rows.ts";

const add = (storage: Storage, entries: readonly RecordEntry[]) =>
  storage.relaxedTransaction((tx) => tx.records.insert(entries));

const toIds = (records: readonly RequestRecord[]) => records.map(({ id }) => id);

/** The ids of all pages, one after the other, and how many pages there were. */
async function readPages(storage: Storage, filter: RecordFilter, limit: number) {
  const ids: string[] = [];
  let pages = 0;
  let before: string | undefined;
  do {
    const page = await storage.records.list(filter, { before, limit });
    ids.push(...toIds(page.records));
    before = page.next;
    pages++;
  } while (before !== undefined);
  return { ids, pages };
}

export function testRecords(open: OpenDatabase): void {
  it("finds what it was given: the record, its attempts in their order, its bodies", async () => {
    await using database = await open();
    const { records } = database.storage;
    const attempts = [createAttempt({ outcome: "reset", status: null, keyLast4: null }), createAttempt()];
    const full = createEntry(
      { runId: "run_1", messageId: "msg_1" },
      { attempts, bodies: { request: '{"model":"m"}', answer: "Hello \u{1f600}" } },
    );
    const bare: RecordEntry = { record: createFailedRecord(), attempts: [], bodies: null };
    await add(database.storage, [full, bare]);
    expect(await records.find(full.record.id)).toEqual(full.record);
    expect(await records.find(bare.record.id)).toEqual(bare.record);
    expect(await records.listAttempts(full.record.id)).toEqual(attempts);
    expect(await records.listAttempts(bare.record.id)).toEqual([]);
    const bodies = await records.findBodies(toIds([full.record, bare.record]));
    expect([...bodies]).toEqual([[full.record.id, full.bodies]]);
    expect(await records.find("req_none")).toBeUndefined();
    expect((await records.findBodies([])).size).toBe(0);
  });

  it("takes any number at once, all of them or none", async () => {
    await using database = await open();
    const { storage } = database;
    for (const count of [1, 3, 64, 85, 333]) {
      const entries = Array.from({ length: count }, (_, index) =>
        createEntry(
          { elapsedMs: index },
          { attempts: Array.from({ length: index % 4 }, () => createAttempt()) },
        ),
      );
      await add(storage, entries);
      const stored = await Promise.all(
        entries.map(async ({ record }) => ({
          record: await storage.records.find(record.id),
          attempts: await storage.records.listAttempts(record.id),
          bodies: null,
        })),
      );
      expect(stored).toEqual(entries);
    }
    const before = await storage.records.totals();
    const twice = createEntry();
    await expect(add(storage, [createEntry(), twice, twice])).rejects.toThrow(/./);
    expect(await storage.records.totals()).toEqual(before);
  });

  it("knows how many records and how many bytes of bodies there are, after every change", async () => {
    await using database = await open();
    const { storage } = database;
    expect(await storage.records.totals()).toEqual({ records: 0, bodyBytes: 0 });
    const bodies = { request: "\u4f60", answer: "1234567" };
    const entries = Array.from({ length: 10 }, () => createEntry({}, { bodies }));
    expect(await add(storage, entries)).toEqual({ records: 10, bodyBytes: 100 });
    expect(await add(storage, [createEntry()])).toEqual({ records: 11, bodyBytes: 100 });
    expect(await storage.records.deleteOldest({ limit: 3 })).toBe(3);
    expect(await storage.records.totals()).toEqual({ records: 8, bodyBytes: 70 });
    expect(await storage.records.deleteOldestBodies({ bytes: 11, limit: 5 })).toBe(20);
    expect(await storage.records.totals()).toEqual({ records: 8, bodyBytes: 50 });
    await add(storage, []);
    expect(await (await database.reopen()).records.totals()).toEqual({ records: 8, bodyBytes: 50 });
  });

  describe("pages", () => {
    testPages(open);
  });
  describe("removal", () => {
    testRemoval(open);
  });
}

function testPages(open: OpenDatabase): void {
  it("go from the newest to the oldest, whatever the order of writing", async () => {
    await using database = await open();
    const { storage } = database;
    const entries = Array.from({ length: 25 }, () => createEntry());
    const ids = toIds(entries.map(({ record }) => record)).toReversed();
    await add(storage, entries.slice(10));
    await add(storage, entries.slice(0, 10).toReversed());
    expect(await readPages(storage, {}, 10)).toEqual({ ids, pages: 3 });
    expect(await readPages(storage, {}, 25)).toEqual({ ids, pages: 1 });
    expect(await storage.records.list({}, { before: ids.at(-1), limit: 10 })).toEqual({
      records: [],
      next: undefined,
    });
  });

  it("are of the records that fit all conditions", async () => {
    await using database = await open();
    const { storage } = database;
    const entries = Array.from({ length: 96 }, (_, index) =>
      createEntry({
        keyId: index % 2 === 0 ? "key_a" : null,
        userId: index % 3 === 0 ? 1 : null,
        upstream: index % 5 === 0 ? null : `upstream-${index % 2}`,
        model: index % 4 === 0 ? null : `model-${index % 4}`,
        status: [200, 200, 404, 502][index % 4] ?? 200,
        errorCode: index % 4 >= 2 || index % 16 === 0 ? "upstream_unavailable" : null,
      }),
    );
    await add(storage, entries);
    const all = entries.map(({ record }) => record).toReversed();
    const filters: [RecordFilter, (record: RequestRecord) => boolean][] = [
      [{ keyId: "key_a" }, ({ keyId }) => keyId === "key_a"],
      [{ userId: 1 }, ({ userId }) => userId === 1],
      [{ upstream: "upstream-0" }, ({ upstream }) => upstream === "upstream-0"],
      [{ model: "model-3" }, ({ model }) => model === "model-3"],
      [{ statusClass: 2 }, ({ status }) => status < 300],
      [{ statusClass: 4 }, ({ status }) => status === 404],
      [{ statusClass: 5 }, ({ status }) => status === 502],
      [{ isFailed: true }, ({ errorCode }) => errorCode !== null],
      [
        { fromId: all[60]?.id, toId: all[20]?.id },
        (record) => all.indexOf(record) > 20 && all.indexOf(record) <= 60,
      ],
    ];
    for (const [filter, fits] of filters) {
      for (const [other, fitsToo] of filters) {
        const both = { ...filter, ...other };
        const expected = all.filter(
          (record) => fitsToo(record) && (isOverridden(filter, other) || fits(record)),
        );
        expect((await readPages(storage, both, 7)).ids).toEqual(toIds(expected));
      }
    }
    expect(await readPages(storage, { model: "model-none" }, 7)).toEqual({ ids: [], pages: 1 });
  });

  it("look at a bounded number of records where conditions meet, and miss none", async () => {
    await using database = await open();
    const { storage } = database;
    const rare = new Set([3, 4999, 5000, 9990]);
    const entries = Array.from({ length: 10_100 }, (_, index) =>
      createEntry({ keyId: "key_a", model: rare.has(index) ? "rare" : "common" }),
    );
    for (let index = 0; index < entries.length; index += 2020)
      await add(storage, entries.slice(index, index + 2020));
    const ids = [9990, 5000, 4999, 3].map((index) => entries[index]?.record.id);
    expect(await readPages(storage, { keyId: "key_a", model: "rare" }, 50)).toEqual({ ids, pages: 3 });
    expect(await readPages(storage, { model: "rare" }, 50)).toEqual({ ids, pages: 1 });
  });

  it("follow the order of writing, from any place", async () => {
    await using database = await open();
    const { storage } = database;
    const [early, ...others] = Array.from({ length: 10 }, () => createEntry());
    await add(storage, others);
    expect(await storage.records.findPlace(3)).toBeGreaterThan(0);
    expect(await storage.records.findPlace(100)).toBe(0);
    const place = await storage.records.findPlace(0);
    expect(await storage.records.listWritten({ after: place, limit: 10 })).toEqual([]);
    await add(storage, early === undefined ? [] : [early]);
    const late = await storage.records.listWritten({ after: place, limit: 10 });
    expect(late.map(({ record }) => record)).toEqual([early?.record]);
    // A place stays what it is when everything before it is gone.
    await storage.records.deleteOldest({ limit: 100 });
    await add(storage, [createEntry()]);
    expect(await storage.records.listWritten({ after: late[0]?.seq ?? 0, limit: 10 })).toHaveLength(1);
    const latest = await storage.records.listWritten({
      after: await storage.records.findPlace(2),
      limit: 10,
    });
    expect(latest).toHaveLength(1);
  });
}

/** Whether the second filter says something else of the same field. */
const isOverridden = (first: RecordFilter, second: RecordFilter) =>
  Object.keys(first).some((field) => Object.hasOwn(second, field));

function testRemoval(open: OpenDatabase): void {
  it("takes the oldest records with all that belongs to them, a few at a time", async () => {
    await using database = await open();
    const { storage } = database;
    const entries = Array.from({ length: 12 }, () =>
      createEntry({}, { attempts: [createAttempt()], bodies: { request: "r", answer: null } }),
    );
    await add(storage, entries);
    const ids = toIds(entries.map(({ record }) => record));
    const before = ids[9];
    expect(await storage.records.deleteOldest({ before, limit: 5 })).toBe(5);
    expect(await storage.records.deleteOldest({ before, limit: 5 })).toBe(4);
    expect(await storage.records.deleteOldest({ before, limit: 5 })).toBe(0);
    for (const [index, id] of ids.entries()) {
      expect(await storage.records.find(id)).toEqual(index < 9 ? undefined : entries[index]?.record);
      expect(await storage.records.listAttempts(id)).toHaveLength(index < 9 ? 0 : 1);
    }
    expect([...(await storage.records.findBodies(ids)).keys()].toSorted()).toEqual(ids.slice(9));
  });

  it("takes the oldest bodies, and leaves their records", async () => {
    await using database = await open();
    const { storage } = database;
    const entries = Array.from({ length: 6 }, () =>
      createEntry({}, { attempts: [createAttempt()], bodies: { request: null, answer: "x".repeat(100) } }),
    );
    await add(storage, entries);
    const ids = toIds(entries.map(({ record }) => record));
    expect(await storage.records.deleteOldestBodies({ bytes: 150, limit: 10 })).toBe(200);
    expect(await storage.records.deleteOldestBodies({ bytes: 1e9, limit: 3 })).toBe(300);
    expect([...(await storage.records.findBodies(ids)).keys()]).toEqual(ids.slice(5));
    expect((await readPages(storage, {}, 10)).ids).toEqual(ids.toReversed());
    expect(await storage.records.deleteOldestBodies({ bytes: 1, limit: 10 })).toBe(100);
    expect(await storage.records.deleteOldestBodies({ bytes: 1, limit: 10 })).toBe(0);
  });

  it("shares its time with other writes, and loses none of them", async () => {
    await using database = await open();
    const { storage } = database;
    await add(
      storage,
      Array.from({ length: 200 }, () => createEntry()),
    );
    const added = Array.from({ length: 20 }, () => createEntry());
    await Promise.all([
      ...added.map((entry) => add(storage, [entry])),
      ...Array.from({ length: 20 }, () =>
        storage.relaxedTransaction((tx) => tx.records.deleteOldest({ limit: 10 })),
      ),
      storage.transaction((tx) => tx.settings.put("setup_token_hash", "1")),
    ]);
    expect((await readPages(storage, {}, 100)).ids).toEqual(
      toIds(added.map(({ record }) => record)).toReversed(),
    );
    expect(await storage.records.totals()).toEqual({ records: 20, bodyBytes: 0 });
  });
}
