import type { RunEvent } from "@llm-backend/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OwnerLost, type RelayedEntry } from "../relay/run-relay.ts";
import { followElsewhere, type RunPlace } from "./follow-elsewhere.ts";
import { createRunLog, readEvents, toAnswerText } from "./run-log.ts";

const runId = "run_1";
const words = "Many small pieces, 多字节, and one 😀 in the middle of it.";

/** The log of the whole answer, as its owner and the database have it. */
function createWholeLog() {
  const log = createRunLog();
  log.append({ type: "run-start", runId, conversationId: 1, assistantMessageId: "msg_1", model: "m" });
  for (const text of words.match(/.{1,5}/gsu) ?? []) log.append({ type: "text-delta", text });
  log.append({ type: "run-stop" });
  log.close();
  return log;
}

/** What a bad way between processes may do: leave entries out, send them again, and break off. */
const faultsArbitrary = fc.record({
  left: fc.uniqueArray(fc.nat(12), { maxLength: 4 }),
  repeated: fc.uniqueArray(fc.nat(12), { maxLength: 4 }),
  cutsAt: fc.option(fc.nat(12)),
});

async function collect(given: {
  rounds: readonly { left: number[]; repeated: number[]; cutsAt: number | null }[];
  position: number;
}): Promise<RunEvent[]> {
  const log = createWholeLog();
  const rounds = given.rounds.values();
  const events: RunEvent[] = [];
  const deps = {
    relay: {
      async *follow(
        owner: string,
        _runId: string,
        { position }: { position: number },
      ): AsyncGenerator<RelayedEntry, void> {
        const faults = rounds.next().value;
        if (faults === undefined) return yield* log.follow(position);
        let index = 0;
        for await (const entry of log.follow(position)) {
          if (index === faults.cutsAt) throw new OwnerLost(owner);
          if (!faults.left.includes(index)) yield entry;
          if (faults.repeated.includes(index)) yield entry;
          index++;
        }
      },
    },
    locate: () => Promise.resolve<RunPlace>({ owner: "w2" }),
    readRest: () => Promise.resolve({ log, lost: undefined }),
    pauseMs: 0,
  };
  for await (const { event } of followElsewhere(deps, { runId, position: given.position }))
    events.push(event);
  return events;
}

describe("following a run that another process drives", () => {
  it("joins without a gap or a repetition, whatever the way there lost, repeated or cut", async () => {
    const whole = createWholeLog();
    await fc.assert(
      fc.asyncProperty(
        fc.array(faultsArbitrary, { maxLength: 4 }),
        fc.nat(whole.end - 1),
        async (rounds, position) => {
          const events = await collect({ rounds, position });
          expect(toAnswerText(events)).toEqual(toAnswerText(readEvents(createWholeLog(), position)));
          expect(events.at(-1)).toEqual({ type: "run-stop" });
        },
      ),
    );
  });

  it("reads the rest in the database when the owner is gone", async () => {
    const log = createWholeLog();
    const places: RunPlace[] = [{ owner: "w2" }, { owner: "w2" }, { log, lost: undefined }];
    const deps = {
      relay: {
        async *follow(owner: string, _runId: string, { position }: { position: number }) {
          if (position === 0) yield log.read(0) as RelayedEntry;
          throw new OwnerLost(owner);
        },
      },
      locate: () => Promise.resolve(places.shift() as RunPlace),
      readRest: () => Promise.reject(new Error("was located in time")),
      pauseMs: 0,
    };
    const events = (await Array.fromAsync(followElsewhere(deps, { runId, position: 0 }))).map(
      (one) => one.event,
    );
    expect(toAnswerText(events).content).toBe(words);
    expect(events.filter(({ type }) => type === "run-start")).toHaveLength(1);
  });
});
