import { DomainError, type ListRecordsInput } from "@llm-backend/contract";
import { createNewId, toEarlierRecord, type RecordService } from "@llm-backend/server";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openRecords } from "./open-records.ts";
import { codeOf } from "./open-services.ts";
import { toEntry, toFacts, toReport, toRequest, toResult } from "./record-facts.ts";
import { toRun } from "./run-row.ts";

/** The ids of all pages, newest first; `between` happens after each page. */
async function readAll(
  records: RecordService,
  input: Partial<ListRecordsInput> = {},
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await records.list({ limit: 10, ...input, cursor });
    ids.push(...page.records.map(({ recordId }) => recordId));
    cursor = page.nextCursor ?? undefined;
    await between();
  } while (cursor !== undefined);
  return ids;
}

describe("records", () => {
  it("have everything that is known of a call, with its attempts and its bodies", async () => {
    await using opened = await openRecords({ settings: { hostname: "machine-1" } });
    const { records } = opened;
    const attempts = [toReport({ outcome: "reset", status: undefined }), toReport()];
    const facts = toFacts({ result: toResult({ attempts }) });
    records.addForward(facts);
    await records.flush();
    const { record, ...rest } = await records.get(facts.request.id);
    expect(record).toMatchObject({
      recordId: facts.request.id,
      at: new Date(facts.at),
      host: "machine-1",
      usage: { promptTokens: 3, completionTokens: 4 },
      costNanos: 1234,
      attemptCount: 2,
    });
    expect(rest).toMatchObject({
      attempts: [{ outcome: "reset", status: null }, { outcome: "done" }],
      request: '{"model":"a-model","messages":[]}',
      answer: "Hello",
    });
    expect((await records.list({ limit: 10 })).records).toEqual([record]);
    expect(await codeOf(records.get("req_none"))).toBe("not_found");
  });

  it("are found by the time at which their requests came", async () => {
    await using opened = await openRecords();
    const { records } = opened;
    let now = 0;
    const newId = createNewId(() => now);
    const ids = [1000, 2000, 2999, 3000].map((at) => {
      now = at;
      const id = newId.text("req");
      records.add(toEntry({ id, at }));
      return id;
    });
    await records.flush();
    const [first, second, third, fourth] = ids;
    expect(await readAll(records, { from: new Date(2000), to: new Date(3000) })).toEqual([third, second]);
    expect(await readAll(records, { to: new Date(2000) })).toEqual([first]);
    expect(await readAll(records, { from: new Date(3000) })).toEqual([fourth]);
    expect(await readAll(records, { from: new Date(-5), to: new Date(8.64e15) })).toHaveLength(4);
  });

  it("are each on exactly one page, while others are written", async () => {
    await using opened = await openRecords();
    const { records, storage } = opened;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        async (keys, limit, isFiltered) => {
          await storage.records.deleteOldest({ limit: 10_000 });
          const entries = keys.map((key) => toEntry({ keyId: `key_${key}`, model: `m${key % 2}` }));
          for (const entry of entries.toReversed()) records.add(entry);
          await records.flush();
          const filter = isFiltered ? { keyId: "key_1", model: "m1" } : {};
          const expected = entries.filter(({ record }) => !isFiltered || record.keyId === "key_1");
          const found = await readAll(records, { limit, ...filter }, async () => {
            records.add(toEntry({ keyId: "key_1", model: "m1" }));
            await records.flush();
          });
          expect(found).toEqual(expected.map(({ record }) => record.id).toReversed());
        },
      ),
      { numRuns: 25 },
    );
  });

  it("keep no body anywhere on the disk where bodies are off, and no key at all", async () => {
    for (const settings of [{ bodies: "off" as const }, { isEnabled: false }]) {
      await using opened = await openRecords({ settings });
      const { records } = opened;
      expect(records.answerCharsMax).toBe(0);
      const bytes = Buffer.from('{"content":"a question that nobody keeps"}');
      const request = toRequest({ body: { kind: "whole", bytes } });
      records.addForward(toFacts({ request, result: toResult({ text: "an answer that nobody keeps" }) }));
      await records.flush();
      const files = await opened.readFiles();
      expect(files.includes("a-model")).toBe(settings.isEnabled !== false);
      expect(files.includes("nobody keeps")).toBe(false);
    }
    await using opened = await openRecords();
    opened.records.addForward(toFacts());
    await opened.records.flush();
    const files = await opened.readFiles();
    expect(files.includes("Hello")).toBe(true);
    expect(files.includes("secret")).toBe(false);
  });

  it("lead from the run of an answer to its record", async () => {
    await using opened = await openRecords();
    const run = toRun();
    opened.records.addRun({
      run,
      ending: { type: "run-done", finishReason: "stop", model: "m" },
      endedAt: 5,
      firstByteMs: undefined,
      attempts: [toReport({ requestId: run.id })],
      charge: undefined,
    });
    await opened.records.flush();
    const { record, attempts } = await opened.records.get(`req_${run.id.slice(4)}`);
    expect(record).toMatchObject({ runId: run.id, messageId: run.assistantMessageId, kind: "run" });
    expect(attempts).toHaveLength(1);
  });

  it("are shown in the earlier gateway's words, the newest hundred, with nothing secret", async () => {
    await using opened = await openRecords({ settings: { hostname: "machine-1" } });
    const facts = [toFacts(), toFacts()].toReversed();
    for (const each of facts) opened.records.addForward(each);
    await opened.records.flush();
    const latest = await opened.records.listLatest(1);
    const shown = latest.map(({ record, bodies }) =>
      toEarlierRecord(record, { bodies, endpoint: "http://u/v1" }),
    );
    expect(shown).toEqual([
      {
        ID: facts[0]?.request.id,
        Hostname: "machine-1",
        UpstreamEndpoint: "http://u/v1",
        UpstreamSK: "",
        CreatedAt: "2026-09-21T14:13:20.000Z",
        IP: "192.0.2.7",
        Body: '{"model":"a-model","messages":[]}',
        Model: "a-model",
        Response: "Hello",
        ResponseTime: 25_000_000,
        ElapsedTime: 102_000_000,
        Status: 200,
        Authorization: "",
        UserAgent: "a caller/1.0",
        Headers: "",
      },
    ]);
  });
});

describe("a database that takes nothing", () => {
  it("costs the records, is told once, and costs no request anything", async () => {
    const sheds: unknown[] = [];
    let isFull = true;
    await using opened = await openRecords({
      onShed: (shed) => sheds.push(shed),
      writerLimits: { retryMs: 0 },
      wrap: (storage) => ({
        ...storage,
        relaxedTransaction: (work) =>
          isFull ? Promise.reject(new Error("disk full")) : storage.relaxedTransaction(work),
      }),
    });
    const { records } = opened;
    for (let index = 0; index < 10; index++) records.addForward(toFacts());
    await records.flush();
    expect(records.stats()).toMatchObject({ written: 0, waiting: 0, shedEntries: 10 });
    isFull = false;
    const later = toFacts();
    records.addForward(later);
    await records.close();
    expect(await readAll(records)).toEqual([later.request.id]);
    expect(sheds).toEqual([{ entries: 10, bodies: 0, error: new Error("disk full") }]);
    expect(opened.errors).toEqual([]);
  });

  it("costs a record that cannot be made, and tells why", async () => {
    await using opened = await openRecords();
    opened.records.addForward({ ...toFacts(), result: undefined as never });
    expect(opened.errors).toHaveLength(1);
    await opened.records.flush();
    expect(await readAll(opened.records)).toEqual([]);
  });
});

describe("room for records", () => {
  const dayMs = 86_400_000;

  it("is made by their age, in small steps between which others write", async () => {
    const steps: number[] = [];
    await using opened = await openRecords({
      settings: { keptMs: 30 * dayMs },
      wrap: (storage) => ({
        ...storage,
        relaxedTransaction: (work) =>
          storage.relaxedTransaction(async (tx) => {
            const before = await tx.records.totals();
            const result = await work(tx);
            steps.push(before.records - (await tx.records.totals()).records);
            return result;
          }),
      }),
    });
    const { records, storage, clock } = opened;
    let at = clock.now - 31 * dayMs;
    const newId = createNewId(() => at);
    for (let index = 0; index < 1000; index++) records.add(toEntry({ id: newId.text("req"), at }, 10));
    at = clock.now - 29 * dayMs;
    const kept = Array.from({ length: 20 }, () => newId.text("req"));
    for (const id of kept) records.add(toEntry({ id, at }, 10));
    await records.flush();
    steps.length = 0;
    const sweeping = records.sweep();
    const added = Array.from({ length: 20 }, () => {
      const entry = toEntry();
      records.add(entry);
      return entry.record.id;
    });
    await Promise.all([records.flush(), sweeping]);
    expect((await readAll(records)).toReversed()).toEqual([...kept, ...added]);
    expect(steps.filter((removed) => removed > 0)).toEqual([200, 200, 200, 200, 200]);
    // The writer came between two of them.
    expect(steps.indexOf(-20)).toBeGreaterThan(-1);
    expect(steps.indexOf(-20)).toBeLessThan(steps.lastIndexOf(200));
    expect(await storage.records.totals()).toEqual({ records: 40, bodyBytes: 200 });
  });

  it("is made while it runs out: the oldest bodies go first where these take it", async () => {
    await using opened = await openRecords({ settings: { bytesMax: 1_000_000, bodies: "whole" } });
    const { records, storage } = opened;
    const ids: string[] = [];
    for (let round = 0; round < 10; round++) {
      for (let index = 0; index < 50; index++) {
        const entry = toEntry({}, 10_000);
        ids.push(entry.record.id);
        records.add(entry);
      }
      await records.flush();
    }
    await records.sweep();
    const totals = await storage.records.totals();
    expect(totals.records).toBe(500);
    expect(totals.bodyBytes + 500 * 700).toBeLessThanOrEqual(1_000_000);
    expect(totals.bodyBytes).toBeGreaterThan(400_000);
    const bodies = await storage.records.findBodies(ids);
    expect([...bodies.keys()].toSorted()).toEqual(ids.slice(-bodies.size));
  });

  it("is made by whole records where these take it", async () => {
    await using opened = await openRecords({ settings: { bytesMax: 700_000 } });
    const { records, storage } = opened;
    const entries = Array.from({ length: 1500 }, () => toEntry({}, 50));
    for (const entry of entries) records.add(entry);
    await records.flush();
    await records.sweep();
    const left = (await storage.records.totals()).records;
    expect(left).toBeGreaterThan(500);
    expect(left).toBeLessThan(1000);
    expect(await readAll(records, { limit: 200 })).toEqual(
      entries
        .slice(-left)
        .map(({ record }) => record.id)
        .toReversed(),
    );
  });
});

describe("following records", () => {
  it("gives each record once, in the order of writing, from where the follower was", async () => {
    await using opened = await openRecords();
    const { records } = opened;
    const write = async () => {
      const entry = toEntry();
      records.add(entry);
      await records.flush();
      return entry.record.id;
    };
    const early = await write();
    const leave = new AbortController();
    const follower = records.follow({ last: 1, signal: leave.signal });
    expect((await follower.next()).value?.record.recordId).toBe(early);
    const next = follower.next();
    const second = await write();
    const seen = await next;
    expect(seen.value?.record.recordId).toBe(second);
    const ended = follower.next();
    leave.abort();
    expect((await ended).done).toBe(true);

    // Away for more than one page.
    const missed: string[] = [];
    for (let index = 0; index < 230; index++) {
      const entry = toEntry();
      missed.push(entry.record.id);
      records.add(entry);
    }
    await records.flush();
    const found: string[] = [];
    for await (const { record } of records.follow({ after: seen.value?.seq })) {
      found.push(record.recordId);
      if (found.length === missed.length) break;
    }
    expect(found).toEqual(missed);
  });

  it("begins at the end without being told where, and after a place that was never given", async () => {
    await using opened = await openRecords();
    const { records } = opened;
    records.add(toEntry());
    await records.flush();
    for (const options of [{}, { after: 1_000_000 }]) {
      const follower = records.follow(options);
      const next = follower.next();
      // It has looked for the end before it waits.
      await opened.storage.ping();
      await new Promise((resolve) => setImmediate(resolve));
      const entry = toEntry();
      records.add(entry);
      await records.flush();
      expect((await next).value?.record.recordId).toBe(entry.record.id);
      await follower.return();
    }
  });

  it("is possible for so many at once, and again when one leaves", async () => {
    await using opened = await openRecords();
    const { records } = opened;
    records.add(toEntry());
    await records.flush();
    const followers = Array.from({ length: 32 }, () => records.follow({ last: 1 }));
    for (const follower of followers) await follower.next();
    const refused = await records
      .follow()
      .next()
      .catch((error: unknown) => error);
    expect(DomainError.is(refused) && refused.code).toBe("rate_limited");
    await followers[0]?.return();
    expect((await records.follow({ last: 1 }).next()).done).toBe(false);
    for (const follower of followers) await follower.return();
  });
});
