import { describe, expect, it } from "vitest";
import type { RunEnding } from "../../src/index.ts";
import type { OpenDatabase } from "./open-database.ts";
import { countTrue, createRun, insertConversation, insertRun } from "./rows.ts";

const ending: RunEnding = {
  state: "done",
  model: "model-2",
  errorCode: null,
  errorMessage: null,
  log: '[{"t":5}]',
  endedAt: 5000,
};

export function testRuns(open: OpenDatabase): void {
  it("finds what it was given, by id and by the client's key, for its own user only", async () => {
    await using database = await open();
    const { runs } = database.storage;
    const run = await insertRun(database.storage, { userMessageId: "msg_1", requestId: "key-1" });
    const { userId: stranger } = await insertRun(database.storage);
    expect(await runs.find(run.id, run.userId)).toEqual(run);
    expect(await runs.findByRequestId("key-1", run.userId)).toEqual(run);
    expect(await runs.find(run.id, stranger)).toBeUndefined();
    expect(await runs.findByRequestId("key-1", stranger)).toBeUndefined();
    expect(await runs.findByRequestId("KEY-1", run.userId)).toBeUndefined();
  });

  it("starts exactly one of many with the same key, and takes the same key of another user", async () => {
    await using database = await open();
    const { runs } = database.storage;
    const { userId, id: conversationId } = await insertConversation(database.storage);
    const tries = Array.from({ length: 20 }, () => createRun({ userId, conversationId, requestId: "key-1" }));
    const outcomes = await Promise.all(tries.map((run) => runs.insert(run)));
    expect(countTrue(outcomes)).toBe(1);
    const first = tries[outcomes.indexOf(true)];
    expect(await runs.findByRequestId("key-1", userId)).toEqual(first);
    const other = await insertConversation(database.storage);
    const run = createRun({ userId: other.userId, conversationId: other.id, requestId: "key-1" });
    expect(await runs.insert(run)).toBe(true);
  });

  it("lists by ids what is there of them", async () => {
    await using database = await open();
    const { runs } = database.storage;
    const first = await insertRun(database.storage);
    const second = await insertRun(database.storage);
    const found = await runs.listByIds([second.id, "run_none", first.id]);
    expect(found.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([first, second]);
    expect(await runs.listByIds([])).toEqual([]);
  });

  it("lists the running runs of other processes, oldest first, up to a limit", async () => {
    await using database = await open();
    const { runs } = database.storage;
    const dead = await insertRun(database.storage, { owner: "dead-1" });
    await insertRun(database.storage, { owner: "me" });
    const ended = await insertRun(database.storage, { owner: "dead-1" });
    await runs.end(ended.id, ending);
    const later = await insertRun(database.storage, { owner: "dead-2" });
    expect(await runs.listOrphaned(["me"], { limit: 10 })).toEqual([dead, later]);
    expect(await runs.listOrphaned(["me"], { limit: 1 })).toEqual([dead]);
    expect((await runs.listOrphaned([], { limit: 10 })).map(({ owner }) => owner)).toEqual([
      "dead-1",
      "me",
      "dead-2",
    ]);
  });

  it("finds the process that answers in a conversation, for as long as it does", async () => {
    await using database = await open();
    const { runs } = database.storage;
    const run = await insertRun(database.storage, { owner: "worker-1" });
    expect(await runs.findOwner(run.conversationId)).toBe("worker-1");
    expect(await runs.findOwner(run.conversationId + 1)).toBeUndefined();
    await runs.end(run.id, ending);
    expect(await runs.findOwner(run.conversationId)).toBeUndefined();
  });

  it("ends a run once, and keeps the first ending", async () => {
    await using database = await open();
    const { runs } = database.storage;
    const run = await insertRun(database.storage);
    const other = await insertRun(database.storage);
    const failure: RunEnding = {
      ...ending,
      state: "failed",
      errorCode: "upstream_timeout",
      errorMessage: "Late.",
    };
    expect(await runs.end(run.id, failure)).toBe(true);
    expect(await runs.end(run.id, ending)).toBe(false);
    expect(await runs.find(run.id, run.userId)).toEqual({ ...run, ...failure });
    expect(await runs.find(other.id, other.userId)).toEqual(other);
    expect(await runs.end("run_none", ending)).toBe(false);
  });

  it("lets exactly one of many endings count", async () => {
    await using database = await open();
    const { runs } = database.storage;
    const run = await insertRun(database.storage);
    const states = ["done", "stopped", "interrupted", "failed"] as const;
    const endings = Array.from({ length: 20 }, (_, index) => ({
      ...ending,
      state: states[index % 4] ?? "done",
    }));
    const outcomes = await Promise.all(endings.map((each) => runs.end(run.id, each)));
    expect(countTrue(outcomes)).toBe(1);
    expect((await runs.find(run.id, run.userId))?.state).toBe(endings[outcomes.indexOf(true)]?.state);
  });

  describe("journal", () => {
    testJournal(open);
  });
}

function testJournal(open: OpenDatabase): void {
  it("adds to many runs at once, and reads each in order", async () => {
    await using database = await open();
    const { storage } = database;
    const first = await insertRun(storage);
    const second = await insertRun(storage);
    await storage.journal([
      { runId: first.id, start: 900, events: '["c"]' },
      { runId: second.id, start: 0, events: '["x"]' },
    ]);
    await storage.journal([
      { runId: first.id, start: 0, events: '["a"]' },
      { runId: first.id, start: 1000, events: '["d"]' },
      { runId: first.id, start: 10, events: '["b"]' },
    ]);
    const read = await storage.runs.listSegments(first.id);
    expect(read.map(({ start, events }) => [start, events])).toEqual([
      [0, '["a"]'],
      [10, '["b"]'],
      [900, '["c"]'],
      [1000, '["d"]'],
    ]);
    expect(await storage.runs.listSegments(second.id)).toEqual([
      { runId: second.id, start: 0, events: '["x"]' },
    ]);
  });

  it("survives the storage that wrote it", async () => {
    await using database = await open();
    const run = await insertRun(database.storage);
    const segment = { runId: run.id, start: 0, events: '[{"type":"text-delta","text":"Hel"}]' };
    await database.storage.journal([segment]);
    const storage = await database.reopen();
    expect(await storage.runs.listSegments(run.id)).toEqual([segment]);
    expect(await storage.runs.listOrphaned(["another"], { limit: 10 })).toEqual([run]);
  });

  it("takes what belongs to the others where one of many runs was deleted meanwhile", async () => {
    await using database = await open();
    const { storage } = database;
    const { userId, id: conversationId } = await insertConversation(storage);
    const runs = Array.from({ length: 450 }, () => createRun({ userId, conversationId }));
    await storage.transaction(async (tx) => {
      for (const run of runs) await tx.runs.insert(run);
    });
    const gone = await insertRun(storage, { userId });
    const segments = [...runs.slice(0, 225), gone, ...runs.slice(225)].map(({ id }) => ({
      runId: id,
      start: 0,
      events: "[]",
    }));
    await storage.conversations.delete(gone.conversationId, userId);
    await storage.journal(segments);
    const lengths = await Promise.all(
      runs.map(async ({ id }) => (await storage.runs.listSegments(id)).length),
    );
    expect(lengths).toEqual(runs.map(() => 1));
    expect(await storage.runs.listSegments(gone.id)).toEqual([]);
  });

  it("takes nothing more of a run that has ended", async () => {
    await using database = await open();
    const { storage } = database;
    const run = await insertRun(storage);
    await storage.journal([{ runId: run.id, start: 0, events: '["a"]' }]);
    await storage.runs.end(run.id, ending);
    await storage.runs.deleteSegments(run.id);
    await storage.journal([{ runId: run.id, start: 1, events: '["b"]' }]);
    expect(await storage.runs.listSegments(run.id)).toEqual([]);
  });

  it("replaces a segment that is written again, so that a write can be repeated", async () => {
    await using database = await open();
    const { storage } = database;
    const run = await insertRun(storage);
    await storage.journal([{ runId: run.id, start: 0, events: '["a"]' }]);
    await storage.journal([{ runId: run.id, start: 0, events: '["a","b"]' }]);
    expect((await storage.runs.listSegments(run.id)).map(({ events }) => events)).toEqual(['["a","b"]']);
  });

  it("forgets the journal of one run only", async () => {
    await using database = await open();
    const { storage } = database;
    const first = await insertRun(storage);
    const second = await insertRun(storage);
    await storage.journal([first, second].map(({ id }) => ({ runId: id, start: 0, events: "[]" })));
    await storage.runs.deleteSegments(first.id);
    expect(await storage.runs.listSegments(first.id)).toEqual([]);
    expect(await storage.runs.listSegments(second.id)).toHaveLength(1);
  });

  it("writes nothing without a complaint, and shares its time with other writes", async () => {
    await using database = await open();
    const { storage } = database;
    await storage.journal([]);
    const run = await insertRun(storage);
    const journals = Array.from({ length: 20 }, (_, start) =>
      storage.journal([{ runId: run.id, start, events: "[]" }]),
    );
    const writes = Array.from({ length: 20 }, () => insertConversation(storage, { userId: run.userId }));
    await Promise.all([...journals, ...writes]);
    expect(await storage.runs.listSegments(run.id)).toHaveLength(20);
    expect(await storage.conversations.list(run.userId, { limit: 100 })).toHaveLength(21);
  });
}
