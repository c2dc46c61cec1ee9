import { DomainError } from "@llm-backend/contract";
import { describe, expect, it } from "vitest";
import { toRun } from "../../test/run-row.ts";
import type { LiveRun } from "./live-run.ts";
import { createRunRegistry, type RunLimits } from "./run-registry.ts";

/** A registry whose runs end when the test says so. */
function createHall(limits: Partial<RunLimits> = {}) {
  const started: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const registry = createRunRegistry({
    async execute(live) {
      started.push(live.run.id);
      const gate = Promise.withResolvers<void>();
      gates.set(live.run.id, gate);
      live.signal.addEventListener("abort", () => gate.resolve());
      if (live.signal.aborted) gate.resolve();
      await gate.promise;
      live.finish();
    },
    onAppend: () => {},
    limits: { perUser: 100, perConversation: 100, ...limits },
  });
  const begin = (fields: Parameters<typeof toRun>[0] = {}): LiveRun => {
    const live = registry.admit(toRun(fields));
    registry.start(live);
    return live;
  };
  const end = async (live: LiveRun) => {
    gates.get(live.run.id)?.resolve();
    await live.ended;
    await turn();
  };
  return { registry, started, begin, end };
}

/** Lets everything that is ready to go on go on. */
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return DomainError.is(error) ? error.code : error;
  }
  return undefined;
};

describe("the registry", () => {
  it("runs one answer of a conversation at a time, in the order in which they were started", async () => {
    const { started, begin, end } = createHall();
    const runs = Array.from({ length: 5 }, () => begin());
    for (const [index, live] of runs.entries()) {
      expect(started).toEqual(runs.slice(0, index + 1).map(({ run }) => run.id));
      await end(live);
    }
    expect(started).toHaveLength(5);
  });

  it("runs answers of different conversations at once", () => {
    const { started, begin } = createHall();
    for (let conversationId = 1; conversationId <= 5; conversationId++) begin({ conversationId });
    expect(started).toHaveLength(5);
  });

  it("lets a waiting answer that is ended end at once, and keeps the order of the others", async () => {
    const { started, begin, end } = createHall();
    const [first, second, third] = [begin(), begin(), begin()];
    second.end("stop");
    await second.ended;
    await turn();
    expect(started).toEqual([first.run.id, second.run.id]);
    await end(first);
    expect(started).toEqual([first.run.id, second.run.id, third.run.id]);
  });

  it("starts an answer that was ended before its start, so that it is told how it ended", async () => {
    const { registry, started } = createHall();
    const live = registry.admit(toRun());
    registry.endConversation(live.run.conversationId, "discard");
    registry.start(live);
    await live.ended;
    expect(started).toEqual([live.run.id]);
    expect(live.endReason).toBe("discard");
  });

  it("finds a run from its admission to its end", async () => {
    const { registry, end } = createHall();
    const live = registry.admit(toRun());
    expect(registry.find(live.run.id)).toBe(live);
    registry.start(live);
    await end(live);
    expect(registry.find(live.run.id)).toBeUndefined();
  });

  it("refuses more runs than a user may have, and counts no other's", async () => {
    const { registry, begin, end } = createHall({ perUser: 2 });
    const first = begin({ conversationId: 1 });
    begin({ conversationId: 2 });
    expect(codeOf(() => registry.admit(toRun({ conversationId: 3 })))).toBe("rate_limited");
    begin({ conversationId: 4, userId: 2 });
    await end(first);
    begin({ conversationId: 3 });
  });

  it("refuses more runs than may wait in a conversation", async () => {
    const { registry, begin, end } = createHall({ perConversation: 2 });
    const first = begin();
    begin();
    expect(codeOf(() => registry.admit(toRun()))).toBe("run_in_progress");
    await end(first);
    begin();
  });

  it("counts a run that was withdrawn no more", () => {
    const { registry } = createHall({ perUser: 1 });
    const live = registry.admit(toRun());
    registry.withdraw(live);
    expect(live.log.closed).toBe(true);
    expect(registry.find(live.run.id)).toBeUndefined();
    registry.admit(toRun());
  });

  it("ends all runs of a conversation and of no other", async () => {
    const { registry, begin } = createHall();
    const mine = [begin({ conversationId: 1 }), begin({ conversationId: 1 })];
    const other = begin({ conversationId: 2 });
    registry.endConversation(1, "discard");
    await Promise.all(mine.map(({ ended }) => ended));
    expect(mine.map(({ endReason }) => endReason)).toEqual(["discard", "discard"]);
    expect(other.endReason).toBeUndefined();
  });

  it("keeps the first reason for which a run is ended", () => {
    const { begin } = createHall();
    const live = begin();
    live.end("stop");
    live.end("shutdown");
    expect(live.endReason).toBe("stop");
  });

  it("waits for its runs when it drains, and takes no more", async () => {
    const { registry, begin, end } = createHall();
    const runs = [begin(), begin()];
    let isDrained = false;
    const drained = registry.drain(new AbortController().signal).then(() => (isDrained = true));
    expect(codeOf(() => registry.admit(toRun()))).toBe("shutting_down");
    for (const live of runs) {
      await turn();
      expect(isDrained).toBe(false);
      await end(live);
    }
    await drained;
    expect(runs.map(({ endReason }) => endReason)).toEqual([undefined, undefined]);
  });

  it("ends what still runs when its time to drain is over, those that wait included", async () => {
    const { registry, begin } = createHall();
    const runs = [begin(), begin(), begin({ conversationId: 2 })];
    const patience = new AbortController();
    const drained = registry.drain(patience.signal);
    await turn();
    patience.abort();
    await drained;
    expect(runs.map(({ endReason }) => endReason)).toEqual(["shutdown", "shutdown", "shutdown"]);
  });

  it("drains at once where there is nothing, or no time", async () => {
    const { registry } = createHall();
    await registry.drain(new AbortController().signal);
    const late = createHall();
    const live = late.begin();
    await late.registry.drain(AbortSignal.abort());
    expect(live.endReason).toBe("shutdown");
  });
});
