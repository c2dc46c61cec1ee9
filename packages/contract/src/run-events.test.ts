import { describe, expect, it } from "vitest";
import { errorCodes } from "./errors/error-codes.ts";
import { isTerminalEvent, runEventSchema, runStateSchema, usageSchema, type RunEvent } from "./run-events.ts";

const id = "0".repeat(26);

/** One event of every type. */
const events = {
  "run-start": {
    type: "run-start",
    runId: `run_${id}`,
    conversationId: 1,
    userMessageId: `msg_${id}`,
    assistantMessageId: `msg_${id}`,
    model: "m",
  },
  "context-cut": { type: "context-cut", firstMessageId: `msg_${id}`, messagesKept: 3, contextTokens: 8192 },
  citations: {
    type: "citations",
    outcome: "found",
    citations: [
      {
        number: 1,
        baseId: `kb_${id}`,
        documentId: `doc_${id}`,
        documentName: "notes.md",
        passageId: 7,
        start: 0,
        end: 10,
        headings: ["Notes"],
        page: null,
        score: 0.5,
      },
    ],
  },
  "reasoning-delta": { type: "reasoning-delta", text: "hm" },
  "text-delta": { type: "text-delta", text: "Hello" },
  "tool-call": { type: "tool-call", callId: "call00001", name: "box__echo", arguments: "{}" },
  "tool-permission": { type: "tool-permission", callId: "call00001", name: "box__echo", waitMs: 1000 },
  "tool-result": {
    type: "tool-result",
    callId: "call00001",
    ok: false,
    text: "No.",
    ms: 0,
    failure: "declined",
  },
  "answer-reset": { type: "answer-reset" },
  "run-done": { type: "run-done", finishReason: "stop", model: "m", usage: { promptTokens: 1 } },
  "run-stop": { type: "run-stop" },
  "run-interrupt": { type: "run-interrupt" },
  "run-error": { type: "run-error", code: "upstream_timeout", message: "Too late.", retryable: true },
} satisfies { [Type in RunEvent["type"]]: Extract<RunEvent, { type: Type }> };

describe("run events", () => {
  it("are known by their type, all of them", () => {
    const types = runEventSchema.options.map((option) => option.shape.type.value);
    expect(types.toSorted()).toEqual(Object.keys(events).toSorted());
  });

  it.each(Object.values(events))("pass their schema unchanged: $type", (event) => {
    expect(runEventSchema.parse(event)).toEqual(event);
  });

  it("end a run where their type says so, and only there", () => {
    const terminal = Object.values(events).filter(isTerminalEvent);
    expect(terminal.map(({ type }) => type)).toEqual(["run-done", "run-stop", "run-interrupt", "run-error"]);
  });

  it("end a run for every final state once, and for no other", () => {
    const finalStates = runStateSchema.options.filter((state) => state !== "streaming");
    expect(finalStates).toHaveLength(Object.values(events).filter(isTerminalEvent).length);
  });

  it.each(Object.keys(errorCodes))("carry the error code %s", (code) => {
    expect(runEventSchema.safeParse({ ...events["run-error"], code }).success).toBe(true);
  });

  it.each([
    { ...events["run-error"], code: "toString" },
    { ...events["run-start"], runId: "run_1" },
    { ...events["text-delta"], text: null },
    { type: "run-ended" },
    {},
    null,
    "run-stop",
  ])("are not %j", (value) => {
    expect(runEventSchema.safeParse(value).success).toBe(false);
  });

  it("keep halves of characters apart until both are there", () => {
    expect(runEventSchema.parse({ type: "text-delta", text: "\ud83d" })).toEqual({
      type: "text-delta",
      text: "\ud83d",
    });
  });
});

describe("usage", () => {
  it("leaves out what nobody reported", () => {
    expect(usageSchema.parse({})).toEqual({});
    expect(usageSchema.parse({ completionTokens: 0 })).toEqual({ completionTokens: 0 });
  });

  it.each([-1, 1.5, 1e308, Number.NaN, "5", null])("does not count %j tokens", (tokens) => {
    expect(usageSchema.safeParse({ promptTokens: tokens }).success).toBe(false);
  });
});
