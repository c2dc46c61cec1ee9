import { describe, expect, it } from "vitest";
import { createToolAsks } from "./tool-asks.ts";

const longMs = 60_000;
const ask = (callId: string, fields = {}) => ({
  runId: "run_1",
  callId,
  userId: 1,
  tool: "box__echo",
  ...fields,
});
const conflict = expect.objectContaining({ code: "conflict" });

/** Lets calls wait that nobody aborts. */
function setUp(...asked: readonly ReturnType<typeof ask>[]) {
  const asks = createToolAsks();
  const { signal } = new AbortController();
  return { asks, answers: asked.map((one) => asks.wait(one, { waitMs: longMs, signal })) };
}

describe("a call that waits", () => {
  it("is told what its user says, once, and the same again is no mistake", async () => {
    const { asks, answers } = setUp(ask("a"));
    const word = { runId: "run_1", callId: "a", decision: "once" } as const;
    expect(asks.get(word).tool).toBe("box__echo");
    asks.decide(word);
    asks.decide(word);
    expect(await answers[0]).toBe("once");
    asks.decide(word);
    expect(() => asks.decide({ ...word, decision: "never" })).toThrow(conflict);
    expect(() => asks.decide({ ...word, callId: "b" })).toThrow(conflict);
    asks.forget("run_1");
    expect(() => asks.decide(word)).toThrow(conflict);
  });

  it("is told what holds from now on for its tool and its user, and nothing else is", async () => {
    const others = [ask("c", { tool: "box__other" }), ask("d", { userId: 2 })];
    const { asks, answers } = setUp(ask("a"), ask("b", { runId: "run_2" }), ...others);
    asks.decide({ runId: "run_1", callId: "a", decision: "always" });
    expect(await Promise.all(answers.slice(0, 2))).toEqual(["always", "always"]);
    for (const callId of ["c", "d"]) asks.decide({ runId: "run_1", callId, decision: "decline" });
    expect(await Promise.all(answers.slice(2))).toEqual(["decline", "decline"]);
  });

  it("lets go with the end of its answer, and before that where it has ended", async () => {
    const asks = createToolAsks();
    const end = new AbortController();
    const waiting = asks.wait(ask("a"), { waitMs: longMs, signal: end.signal });
    const reason = new Error("stopped");
    end.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(asks.wait(ask("b"), { waitMs: longMs, signal: end.signal })).rejects.toBe(reason);
    for (const callId of ["a", "b"])
      expect(() => asks.get({ runId: "run_1", callId, decision: "once" })).toThrow(conflict);
  });

  it("waits no longer than it may", async () => {
    const { signal } = new AbortController();
    expect(await createToolAsks().wait(ask("a"), { waitMs: 1, signal })).toBe("expired");
  });
});
