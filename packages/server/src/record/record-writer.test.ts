import type { RecordEntry } from "@llm-backend/storage";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toEntry } from "../../test/record-facts.ts";
import { createRecordWriter, type RecordWriterLimits } from "./record-writer.ts";
import type { Shed } from "./shed-report.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A writer that writes into memory; `outcome` says of each write when and how it ends. */
function createBook(
  outcome: (entries: readonly RecordEntry[]) => Promise<void> = () => Promise.resolve(),
  limits: Partial<RecordWriterLimits> = {},
) {
  const writes: (readonly RecordEntry[])[] = [];
  const sheds: Shed[] = [];
  const writer = createRecordWriter({
    async write(entries) {
      await outcome(entries);
      writes.push(entries);
    },
    onShed: (shed) => sheds.push(shed),
    limits,
  });
  return {
    writer,
    writes,
    sheds,
    add(count: number, bodyChars = 0) {
      const entries = Array.from({ length: count }, () => toEntry({}, bodyChars));
      for (const entry of entries) writer.add(entry);
      return entries;
    },
    sizes: () => writes.map(({ length }) => length),
  };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("the writer of records", () => {
  it("writes within 200 ms what was added, in its order, all of it at once", async () => {
    const { add, writes } = createBook();
    const first = add(3);
    await pass(150);
    const second = add(2);
    await pass(49);
    expect(writes).toEqual([]);
    await pass(1);
    expect(writes).toEqual([[...first, ...second]]);
    await pass(1000);
    expect(writes).toHaveLength(1);
  });

  it("does nothing at all inside of add", () => {
    const { add, writes } = createBook();
    add(1000);
    expect(writes).toEqual([]);
  });

  it("writes soon when there is enough for a write, and leaves the rest to the interval", async () => {
    const { add, sizes } = createBook();
    add(600);
    await pass(10);
    expect(sizes()).toEqual([256, 256, 88]);
    add(10);
    await pass(199);
    expect(sizes()).toHaveLength(3);
    await pass(1);
    expect(sizes()).toEqual([256, 256, 88, 10]);
  });

  it("takes fewer at a time when they are large", async () => {
    const { add, sizes } = createBook();
    add(10, 300_000);
    await pass(210);
    expect(sizes()).toEqual([4, 4, 2]);
  });

  it("gathers while a write is under way", async () => {
    const gate = Promise.withResolvers<void>();
    const { add, sizes } = createBook(() => gate.promise);
    add(1);
    await pass(200);
    add(5);
    await pass(5000);
    expect(sizes()).toEqual([]);
    gate.resolve();
    await pass(201);
    expect(sizes()).toEqual([1, 5]);
  });

  it("writes what waits when it is closed, and takes no more", async () => {
    const { add, writer, sizes, sheds } = createBook();
    add(300);
    const closing = writer.close();
    add(2);
    await pass(1);
    await closing;
    expect(sizes()).toEqual([256, 44]);
    expect(writer.stats()).toMatchObject({ written: 300, waiting: 0, waitingBytes: 0, shedEntries: 2 });
    expect(sheds).toEqual([{ entries: 2, bodies: 0 }]);
  });
});

describe("a writer that cannot keep up", () => {
  it("sheds bodies first, then entries, and counts both", async () => {
    const gate = Promise.withResolvers<void>();
    const { add, writer, writes, sheds } = createBook(() => gate.promise, {
      entriesMax: 100,
      bytesMax: 150_000,
    });
    add(60, 1000);
    add(20, 1000);
    add(60);
    expect(writer.stats()).toMatchObject({ waiting: 100, shedEntries: 40, shedBodies: 6 });
    expect(writer.stats().waitingBytes).toBeLessThan(150_000 + 100 * 1024);
    gate.resolve();
    await pass(210);
    const written = writes.flat();
    expect(written).toHaveLength(100);
    expect(written.filter(({ bodies }) => bodies !== null)).toHaveLength(74);
    expect(writer.stats()).toMatchObject({ written: 100, waiting: 0, waitingBytes: 0 });
    await pass(1000);
    expect(sheds).toEqual([{ entries: 40, bodies: 6 }]);
  });

  it("counts what is being written as what waits", async () => {
    const gate = Promise.withResolvers<void>();
    const { add, writer } = createBook(() => gate.promise, { entriesMax: 100 });
    add(100);
    await pass(200);
    add(10);
    expect(writer.stats()).toMatchObject({ waiting: 100, shedEntries: 10 });
    gate.resolve();
  });

  it("tells of it once a minute, with all that came in it", async () => {
    const { add, sheds } = createBook(() => new Promise(() => {}), { entriesMax: 1 });
    for (let second = 0; second < 150; second++) {
      add(10);
      await pass(1000);
    }
    expect(sheds.length).toBeLessThanOrEqual(3);
    await pass(60_000);
    expect(sheds.reduce((sum, { entries }) => sum + entries, 0)).toBe(1499);
    await pass(600_000);
    expect(sheds.length).toBeLessThanOrEqual(4);
  });
});

describe("a write that fails", () => {
  it("is tried once more, and costs nothing then", async () => {
    let failures = 1;
    const { add, writer, writes, sheds } = createBook(() =>
      failures-- > 0 ? Promise.reject(new Error("busy")) : Promise.resolve(),
    );
    const entries = add(3);
    await pass(200 + 250);
    expect(writes.flat()).toEqual(entries);
    expect(writer.stats()).toMatchObject({ written: 3, waiting: 0, shedEntries: 0 });
    await pass(60_000);
    expect(sheds).toEqual([]);
  });

  it("for one entry only costs that one", async () => {
    const bad = new Set<RecordEntry | undefined>();
    const { add, writer, writes, sheds } = createBook((entries) =>
      entries.some((entry) => bad.has(entry)) ? Promise.reject(new Error("no")) : Promise.resolve(),
    );
    const entries = add(20);
    bad.add(entries[7]);
    await pass(200 + 250);
    expect(writes.flat()).toEqual(entries.toSpliced(7, 1));
    expect(writer.stats()).toMatchObject({ written: 19, shedEntries: 1 });
    await pass(1000);
    expect(sheds).toEqual([{ entries: 1, bodies: 0, error: new Error("no") }]);
  });

  it("for all costs these, after few tries, and none that come later", async () => {
    let isFull = true;
    let tries = 0;
    const { add, writer, writes } = createBook(() => {
      tries++;
      return isFull ? Promise.reject(new Error("full")) : Promise.resolve();
    });
    add(200);
    await pass(200 + 250);
    expect(tries).toBe(4);
    expect(writer.stats()).toMatchObject({ written: 0, waiting: 0, waitingBytes: 0, shedEntries: 200 });
    isFull = false;
    const later = add(2);
    await pass(200);
    expect(writes).toEqual([later]);
  });
});
