import { isTerminalEvent, type RunEvent } from "@llm-backend/contract";
import type { RunSegment } from "@llm-backend/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toRun } from "../../test/run-row.ts";
import { followLog } from "./follow-log.ts";
import { createRunLog, isDelta, readEvents, toAnswerText, toRunStart, type RunLog } from "./run-log.ts";
import { readSegments, readStoredLog, toStoredLog, toStoredLogWithLoss } from "./stored-log.ts";

const start = toRunStart(toRun());
const cut: RunEvent = {
  type: "context-cut",
  firstMessageId: "msg_01m8162cr78f5ff3q8t9eqs0ta",
  messagesKept: 3,
  contextTokens: 100,
};

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const event: fc.Arbitrary<RunEvent> = fc.oneof(
  { weight: 6, arbitrary: text.map((piece): RunEvent => ({ type: "text-delta", text: piece })) },
  { weight: 2, arbitrary: text.map((piece): RunEvent => ({ type: "reasoning-delta", text: piece })) },
  { weight: 1, arbitrary: fc.constantFrom<RunEvent>({ type: "answer-reset" }, cut) },
);
const ending = fc.constantFrom<RunEvent>(
  { type: "run-done", finishReason: "stop", model: "m", usage: { promptTokens: 1 } },
  { type: "run-stop" },
  { type: "run-interrupt" },
  { type: "run-error", code: "upstream_timeout", message: "too slow", retryable: true },
);
const events = fc.array(event, { maxLength: 25 });

function toLog(list: readonly RunEvent[]): RunLog {
  const log = createRunLog();
  for (const item of [start, ...list]) log.append(item);
  return log;
}

/** The position behind the last reset: what came before it is void. */
function findReset(log: RunLog): number {
  let position = 0;
  for (let entry = log.read(0); entry !== undefined; entry = log.read(entry.position)) {
    if (entry.item.type === "answer-reset") ({ position } = entry);
  }
  return position;
}

describe("a stored log", () => {
  it("says behind every position what the live one said", () => {
    fc.assert(
      fc.property(events, ending, (list, last) => {
        const live = toLog(list);
        const before = readEvents(live);
        const stored = toStoredLog([...before, last]);
        live.append(last);
        const { log, lost } = readStoredLog(stored, toAnswerText(before));
        expect(lost).toBeUndefined();
        expect(log.closed).toBe(true);
        expect(log.end).toBe(live.end);
        const reset = findReset(live);
        for (let position = 0; position <= live.end; position++) {
          const rest = readEvents(log, position);
          if (position >= reset) expect(rest).toEqual(readEvents(live, position));
          // Whoever stands before a reset is told of it, and gets the whole answer.
          else expect(toAnswerText(rest)).toEqual(toAnswerText(readEvents(live)));
        }
      }),
    );
  });

  it("holds none of the text: that stands in the message", () => {
    const stored = toStoredLog(
      readEvents(
        toLog([
          { type: "text-delta", text: "canary" },
          { type: "reasoning-delta", text: "canary" },
        ]),
      ),
    );
    expect(stored).not.toContain("canary");
  });

  it("hands out positions at which a follower can go on", () => {
    fc.assert(
      fc.property(events, ending, (list, last) => {
        const before = readEvents(toLog(list));
        const { log } = readStoredLog(toStoredLog([...before, last]), toAnswerText(before));
        const whole = readEvents(log);
        const seen: RunEvent[] = [];
        for (let entry = log.read(0); entry !== undefined; entry = log.read(entry.position)) {
          seen.push(entry.item);
          expect(join([...seen, ...readEvents(log, entry.position)])).toEqual(join(whole));
        }
      }),
    );
  });
});

describe("a log that a crash ended", () => {
  it("brings every follower to exactly the stored text, whatever it had seen", async () => {
    await fc.assert(
      fc.asyncProperty(events, fc.array(event, { maxLength: 5 }), async (kept, gone) => {
        const live = toLog([...kept, ...gone]);
        const before = readEvents(toLog(kept));
        const stored = toAnswerText(before);
        const loaded = readStoredLog(toStoredLogWithLoss(before, { type: "run-interrupt" }), stored);
        for (let position = 0; position <= live.end; position++) {
          const seen = readUntil(live, position);
          if (seen === undefined) continue;
          const rest: RunEvent[] = [];
          for await (const { event: item } of followLog(loaded, { runId: "run_x", position }))
            rest.push(item);
          expect(rest.filter(isTerminalEvent)).toEqual([{ type: "run-interrupt" }]);
          expect(rest.at(-1)).toEqual({ type: "run-interrupt" });
          // A reset that only the lost part had is no reset of what is stored.
          if (!gone.some(({ type }) => type === "answer-reset")) {
            expect(toAnswerText([...seen, ...rest])).toEqual(stored);
          }
        }
      }),
    );
  });

  it("gives ids that lead on from the middle of the text that is sent again", async () => {
    const before = readEvents(toLog([{ type: "text-delta", text: "stored text" }]));
    const loaded = readStoredLog(
      toStoredLogWithLoss(before, { type: "run-interrupt" }),
      toAnswerText(before),
    );
    const first = [];
    for await (const item of followLog(loaded, { runId: "run_x", position: 20 })) first.push(item);
    expect(first.map(({ event: { type } }) => type)).toEqual(["answer-reset", "text-delta", "run-interrupt"]);
    expect(first.map(({ id }) => Number(id.split(":")[1]))).toEqual([1, 12, 12 + 2 ** 32 + 1]);
    for (const { id } of first) {
      const rest = [];
      const position = Number(id.split(":")[1]);
      for await (const { event: item } of followLog(loaded, { runId: "run_x", position })) rest.push(item);
      expect(rest.at(-1)?.type ?? "run-interrupt").toBe("run-interrupt");
      expect(rest.some(({ type }) => type === "answer-reset")).toBe(false);
    }
  });
});

describe("readSegments", () => {
  it("puts the parts of a journal together again", () => {
    fc.assert(
      fc.property(events, fc.array(fc.nat(30)), (list, places) => {
        const log = toLog(list);
        const edges = [...new Set([0, ...places.filter((place) => isEdge(log, place)), log.end])].toSorted(
          (a, b) => a - b,
        );
        const segments = edges.slice(0, -1).map((from, index): RunSegment => {
          const part = readBetween(log, from, edges[index + 1] as number);
          return { runId: "run_x", start: from, events: JSON.stringify(part) };
        });
        expect(readEvents(readSegments(segments))).toEqual(readEvents(log));
      }),
    );
  });

  it("reads no further than to a hole: what came before it is sound", () => {
    const segments = [
      { runId: "r", start: 0, events: JSON.stringify([start, { type: "text-delta", text: "abc" }]) },
      { runId: "r", start: 9, events: JSON.stringify([{ type: "text-delta", text: "xyz" }]) },
    ];
    expect(toAnswerText(readEvents(readSegments(segments))).content).toBe("abc");
  });

  it("reads nothing out of no journal", () => {
    expect(readSegments([]).end).toBe(0);
  });
});

/** What a follower that stands at a position has seen; undefined where nobody can stand. */
function readUntil(log: RunLog, position: number): RunEvent[] | undefined {
  return isEdge(log, position) ? readBetween(log, 0, position) : undefined;
}

/** Events between two positions, one unit of text at a time where it must be. */
function readBetween(log: RunLog, from: number, to: number): RunEvent[] {
  const list: RunEvent[] = [];
  for (let entry = log.read(from), at = from; entry !== undefined && at < to; entry = log.read(at)) {
    const size = entry.position - at;
    const room = to - at;
    list.push(
      isDelta(entry.item) && room < size
        ? { ...entry.item, text: entry.item.text.slice(0, room) }
        : entry.item,
    );
    at += Math.min(size, room);
  }
  return list;
}

/** Whether a position lies between two characters. */
function isEdge(log: RunLog, position: number): boolean {
  if (position > log.end) return false;
  const [next] = readEvents(log, position);
  const [before] = position === 0 ? [] : readEvents(log, position - 1);
  if (next === undefined || before === undefined || !isDelta(next) || !isDelta(before)) return true;
  return next.text.length < before.text.length || before.type !== next.type;
}

/** Neighbours joined, so that it does not matter where text was cut. */
function join(list: readonly RunEvent[]): RunEvent[] {
  return readEvents(toJoinable(list));
}

function toJoinable(list: readonly RunEvent[]): RunLog {
  const log = createRunLog();
  for (const item of list) log.append(item);
  return log;
}
