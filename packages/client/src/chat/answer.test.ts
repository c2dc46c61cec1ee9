import { describe, expect, it } from "vitest";
import type { RunEvent, TerminalEvent } from "../wire-types.ts";
import { createAnswer } from "./answer.ts";
import { isTerminalEvent, toResult } from "./chat-result.ts";
import { newRequestId } from "./new-request-id.ts";
import { toRunId } from "./read-run.ts";

const endings: readonly TerminalEvent[] = [
  { type: "run-done", finishReason: "stop", model: "m", usage: { completionTokens: 2 } },
  { type: "run-stop" },
  { type: "run-interrupt" },
  { type: "run-error", code: "upstream_timeout", message: "Too late.", retryable: true },
];
const answer = { runId: "run_1", text: "Hello", reasoning: "" };

describe("an answer", () => {
  it("adds up, text and reasoning apart", () => {
    const sum = createAnswer();
    const events: RunEvent[] = [
      { type: "reasoning-delta", text: "Hm" },
      { type: "text-delta", text: "Hel" },
      { type: "text-delta", text: "lo" },
      { type: "context-cut", firstMessageId: "msg", messagesKept: 1, contextTokens: 1 },
    ];
    for (const event of events) sum.apply(event);
    expect([sum.text, sum.reasoning]).toEqual(["Hello", "Hm"]);
  });

  it("goes on behind what is shown, until a reset makes all of it void", () => {
    const sum = createAnswer({ text: "shown, ", reasoning: "thought, " });
    sum.apply({ type: "text-delta", text: "new" });
    expect([sum.text, sum.reasoning]).toEqual(["shown, new", "thought, "]);
    sum.apply({ type: "answer-reset" });
    expect([sum.text, sum.reasoning]).toEqual(["", ""]);
  });
});

describe("a result", () => {
  it("says how the answer ended, and what it said", () => {
    const results = endings.slice(0, 3).map((event) => toResult(event, answer));
    expect(results).toEqual([
      { ...answer, state: "done", finishReason: "stop", model: "m", usage: { completionTokens: 2 } },
      { ...answer, state: "stopped" },
      { ...answer, state: "interrupted" },
    ]);
  });

  it("is an error where the answer failed", () => {
    const [failed] = endings.slice(3);
    expect(() => toResult(failed as TerminalEvent, answer)).toThrow(
      expect.objectContaining({ code: "upstream_timeout", message: "Too late.", retryable: true }),
    );
  });

  it("comes with a terminal event, and with no other", () => {
    expect(endings.every((event) => isTerminalEvent(event))).toBe(true);
    expect(isTerminalEvent({ type: "text-delta", text: "" })).toBe(false);
    expect(isTerminalEvent({ type: "toString" } as unknown as RunEvent)).toBe(false);
  });
});

it("makes request ids that the server takes, each another", () => {
  const ids = Array.from({ length: 100 }, newRequestId);
  expect(new Set(ids).size).toBe(100);
  expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
});

it("knows a run by the ids of its events", () => {
  expect(toRunId("run_01:1234")).toBe("run_01");
});
