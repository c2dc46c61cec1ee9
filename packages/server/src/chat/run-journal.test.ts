import type { RunEvent } from "@llm-backend/contract";
import type { RunSegment } from "@llm-backend/storage";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toRun } from "../../test/run-row.ts";
import { createLiveRun, type LiveRun } from "./live-run.ts";
import { createRunJournal, type RunJournal } from "./run-journal.ts";
import { readEvents, toRunStart } from "./run-log.ts";
import { readSegments } from "./stored-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A journal that writes into memory; `outcome` says of each write when and how it ends. */
function createBook(outcome: () => Promise<void> = () => Promise.resolve()) {
  const writes: (readonly RunSegment[])[] = [];
  const errors: unknown[] = [];
  const stored = new Map<string, RunSegment[]>();
  const journal = createRunJournal({
    async write(segments) {
      writes.push(segments);
      await outcome();
      for (const segment of segments)
        stored.set(segment.runId, [...(stored.get(segment.runId) ?? []), segment]);
    },
    onError: (error) => errors.push(error),
    intervalMs: 250,
    bytesMax: 2048,
  });
  return { journal, writes, errors, stored };
}

function open(journal: RunJournal): LiveRun {
  const live = createLiveRun(toRun(), (run, bytes) => journal.noteAppend(run, bytes));
  live.append(toRunStart(live.run));
  return live;
}

const say = (live: LiveRun, text: string) => live.append({ type: "text-delta", text });
const readBack = (stored: Map<string, RunSegment[]>, live: LiveRun): RunEvent[] =>
  readEvents(readSegments(stored.get(live.run.id) ?? []));

describe("the journal", () => {
  it("writes within 250 ms what was said, all of it at once", async () => {
    const { journal, writes, stored } = createBook();
    const live = open(journal);
    say(live, "a");
    await vi.advanceTimersByTimeAsync(200);
    say(live, "b");
    expect(writes).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(50);
    expect(writes).toHaveLength(1);
    expect(readBack(stored, live)).toEqual(readEvents(live.log));
  });

  it("writes within 50 ms when more than 2 KiB are waiting, counted in bytes", async () => {
    const { journal, writes } = createBook();
    const live = open(journal);
    say(live, "\u4f60".repeat(682));
    await vi.advanceTimersByTimeAsync(100);
    expect(writes).toHaveLength(0);
    say(live, "\u597d");
    await vi.advanceTimersByTimeAsync(49);
    say(live, "\u597d");
    expect(writes).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(writes).toHaveLength(1);
  });

  it("does not wait longer than 250 ms for a run that hurries late", async () => {
    const { journal, writes } = createBook();
    const live = open(journal);
    await vi.advanceTimersByTimeAsync(240);
    say(live, "x".repeat(2048));
    await vi.advanceTimersByTimeAsync(10);
    expect(writes).toHaveLength(1);
  });

  it("writes nothing of an answer that is there, and over, sooner", async () => {
    const { journal, writes } = createBook();
    const live = open(journal);
    say(live, "x".repeat(10_000));
    await vi.advanceTimersByTimeAsync(40);
    await journal.release(live);
    await vi.advanceTimersByTimeAsync(1000);
    expect(writes).toHaveLength(0);
  });

  it("writes all runs in one write", async () => {
    const { journal, writes, stored } = createBook();
    const runs = Array.from({ length: 50 }, () => open(journal));
    for (const live of runs) say(live, "text");
    await vi.advanceTimersByTimeAsync(250);
    expect(writes).toHaveLength(1);
    for (const live of runs) expect(readBack(stored, live)).toEqual(readEvents(live.log));
  });

  it("is silent while nothing is said", async () => {
    const { journal, writes } = createBook();
    open(journal);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(writes).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gathers while a write is under way, and goes on where that ended", async () => {
    const gate = Promise.withResolvers<void>();
    const { journal, writes, stored } = createBook(() => gate.promise);
    const live = open(journal);
    await vi.advanceTimersByTimeAsync(250);
    say(live, "x".repeat(5000));
    await vi.advanceTimersByTimeAsync(1000);
    expect(writes).toHaveLength(1);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(250);
    expect(writes).toHaveLength(2);
    expect(readBack(stored, live)).toEqual(readEvents(live.log));
  });

  it("tells of a write that failed, and writes the same again with what came since", async () => {
    let failures = 3;
    const { journal, errors, stored } = createBook(() =>
      failures-- > 0 ? Promise.reject(new Error("disk full")) : Promise.resolve(),
    );
    const live = open(journal);
    say(live, "one");
    await vi.advanceTimersByTimeAsync(250);
    say(live, " two");
    await vi.advanceTimersByTimeAsync(1000);
    expect(errors).toHaveLength(3);
    expect(stored.get(live.run.id)).toHaveLength(1);
    expect(readBack(stored, live)).toEqual(readEvents(live.log));
  });

  it("loses nothing, whatever is said when, and whichever writes fail or are slow", async () => {
    const step = fc.oneof(
      fc.record({ run: fc.nat(2), text: fc.string({ unit: "grapheme", minLength: 1, maxLength: 2000 }) }),
      fc.record({ waitMs: fc.nat(600) }),
    );
    const outcome = fc.record({ fails: fc.boolean(), ms: fc.nat(400) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.array(outcome), async (steps, outcomes) => {
        let calls = 0;
        const { journal, stored } = createBook(async () => {
          const { fails, ms } = outcomes[calls++] ?? { fails: false, ms: 0 };
          await new Promise((resolve) => void setTimeout(resolve, ms));
          if (fails) throw new Error("failed");
        });
        const runs = Array.from({ length: 3 }, () => open(journal));
        for (const given of steps) {
          if ("waitMs" in given) await vi.advanceTimersByTimeAsync(given.waitMs);
          else say(runs[given.run] as LiveRun, given.text);
        }
        await vi.advanceTimersByTimeAsync(1000 * (outcomes.length + 2));
        for (const live of runs) {
          expect(readBack(stored, live)).toEqual(readEvents(live.log));
          let end = 0;
          for (const segment of stored.get(live.run.id) ?? []) {
            expect(segment.start).toBe(end);
            end += readEvents(readSegments([{ ...segment, start: 0 }])).reduce(
              (sum, event) => sum + ("text" in event ? event.text.length : 1),
              0,
            );
          }
        }
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("waits for the write that is under way when a run is released, and writes nothing of it after that", async () => {
    const gate = Promise.withResolvers<void>();
    const { journal, writes } = createBook(() => gate.promise);
    const live = open(journal);
    await vi.advanceTimersByTimeAsync(250);
    say(live, "more");
    let isReleased = false;
    const released = journal.release(live).then(() => (isReleased = true));
    await vi.advanceTimersByTimeAsync(1000);
    expect(isReleased).toBe(false);
    gate.resolve();
    await released;
    await vi.advanceTimersByTimeAsync(1000);
    expect(writes).toHaveLength(1);
  });

  it("does not write a released run again when its last write failed", async () => {
    const gate = Promise.withResolvers<void>();
    const { journal, writes, errors } = createBook(() => gate.promise);
    const live = open(journal);
    await vi.advanceTimersByTimeAsync(250);
    const released = journal.release(live);
    gate.reject(new Error("disk full"));
    await released;
    await vi.advanceTimersByTimeAsync(1000);
    expect(errors).toHaveLength(1);
    expect(writes).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("writes what is pending when it is closed, and leaves no timer behind", async () => {
    const { journal, stored } = createBook();
    const live = open(journal);
    say(live, "text");
    await journal.close();
    expect(readBack(stored, live)).toEqual(readEvents(live.log));
    expect(vi.getTimerCount()).toBe(0);
  });
});
