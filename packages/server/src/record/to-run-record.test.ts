import { recordIdSchema, type TerminalEvent } from "@llm-backend/contract";
import { expect, it } from "vitest";
import { toReport } from "../../test/record-facts.ts";
import { toRun } from "../../test/run-row.ts";
import type { RunFacts } from "./record-facts.ts";
import { defaultRecordSettings } from "./record-settings.ts";
import { toRunRecord } from "./to-run-record.ts";

const run = toRun({ createdAt: 1000, userId: 7, model: "a-model" });
const done: TerminalEvent = { type: "run-done", finishReason: "stop", model: "upstream-model" };

const toRecord = (given: Partial<RunFacts> = {}) =>
  toRunRecord(
    { run, ending: done, endedAt: 3500, firstByteMs: 120.4, attempts: [], charge: undefined, ...given },
    defaultRecordSettings,
  );

it("leads from an answer to its attempts and back", () => {
  const attempts = [
    toReport({ outcome: "connect_failed", upstream: "first", firstTokenMs: undefined }),
    toReport({ upstream: "second", upstreamId: "ups_2" }),
  ];
  const usage = { promptTokens: 3, reasoningTokens: 1 };
  const entry = toRecord({ attempts, ending: { ...done, usage } });
  expect(entry.record).toMatchObject({
    id: `req_${run.id.slice(4)}`,
    at: 1000,
    kind: "run",
    runId: run.id,
    messageId: run.assistantMessageId,
    userId: 7,
    model: "a-model",
    modelAnswered: "upstream-model",
    upstream: "second",
    upstreamId: "ups_2",
    status: 200,
    finishReason: "stop",
    errorCode: null,
    promptTokens: 3,
    completionTokens: null,
    reasoningTokens: 1,
    usageSource: "provider",
    firstByteMs: 120,
    elapsedMs: 2500,
    attemptCount: 2,
  });
  expect(recordIdSchema.safeParse(entry.record.id).success).toBe(true);
  expect(entry.attempts.map(({ outcome }) => outcome)).toEqual(["connect_failed", "done"]);
});

it("keeps nothing of what was said: that goes with the conversation", () => {
  expect(toRecord().bodies).toBeNull();
});

it.each<[TerminalEvent, number, string]>([
  [{ type: "run-stop" }, 499, "cancelled"],
  [{ type: "run-interrupt" }, 503, "shutting_down"],
  [
    { type: "run-error", code: "upstream_timeout", message: "Late.", retryable: true },
    504,
    "upstream_timeout",
  ],
])("says how an answer ended that is not whole: %j", (ending, status, errorCode) => {
  const { record } = toRecord({ ending, attempts: [toReport({ outcome: "cancelled" })] });
  expect(record).toMatchObject({
    status,
    errorCode,
    upstream: "first",
    finishReason: null,
    usageSource: "none",
  });
  expect(record.errorMessage).toMatch(/\.$/);
});

it("takes the numbers that were settled", () => {
  const charge = { usage: { promptTokens: 9 }, usageSource: "counted" as const, costNanos: 5 };
  expect(toRecord({ charge }).record).toMatchObject({
    promptTokens: 9,
    usageSource: "counted",
    costNanos: 5,
  });
});
