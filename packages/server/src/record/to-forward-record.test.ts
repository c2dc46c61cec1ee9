import { Readable } from "node:stream";
import { DomainError } from "@llm-backend/contract";
import { toRefusedResult } from "@llm-backend/gateway";
import { describe, expect, it } from "vitest";
import { toFacts, toReport, toRequest, toResult } from "../../test/record-facts.ts";
import { defaultRecordSettings } from "./record-settings.ts";
import { toForwardRecord } from "./to-forward-record.ts";

const settings = { ...defaultRecordSettings, hostname: "machine-1" };
const toRecord = (given: Parameters<typeof toFacts>[0] = {}) => toForwardRecord(toFacts(given), settings);
const toBodies = (body: string, headers: Record<string, string> = {}) =>
  toRecord({ request: toRequest({ headers, body: { kind: "whole", bytes: Buffer.from(body) } }) }).bodies;

describe("the record of a call", () => {
  it("says who asked what, who answered, and what it took", () => {
    const facts = toFacts();
    expect(toForwardRecord(facts, settings)).toEqual({
      record: {
        id: facts.request.id,
        at: 1_790_000_000_000,
        clientIp: "192.0.2.7",
        host: "machine-1",
        method: "POST",
        path: "/chat/completions",
        kind: "chat",
        model: "a-model",
        modelAnswered: "upstream-model",
        upstream: "first",
        upstreamId: "ups_1",
        status: 200,
        userAgent: "a caller/1.0",
        isStreamed: true,
        finishReason: "stop",
        promptTokens: 3,
        completionTokens: 4,
        reasoningTokens: null,
        cachedTokens: null,
        usageSource: "provider",
        costNanos: 1234,
        firstByteMs: 25,
        elapsedMs: 102,
        errorCode: null,
        errorMessage: null,
        keyId: "key_1",
        keyName: "production",
        userId: 7,
        runId: null,
        messageId: null,
        attemptCount: 1,
        requestBytes: 33,
        answerChars: 5,
        voice: null,
      },
      attempts: [
        {
          upstream: "first",
          upstreamId: "ups_1",
          keyLast4: "abcd",
          model: "upstream-model",
          outcome: "done",
          status: 200,
          message: null,
          connectMs: 1,
          firstByteMs: 11,
          firstTokenMs: 21,
          totalMs: 100,
        },
      ],
      bodies: { request: '{"model":"a-model","messages":[]}', answer: "Hello" },
    });
  });

  it("has no secret of the caller or of an upstream", () => {
    const error = new DomainError("upstream_auth", "The key sk-provider1234567 is not valid.");
    const entry = toRecord({
      request: toRequest({ path: "/models?api_key=sk-query1234567" }),
      result: toResult({ error, attempts: [toReport({ message: "Bearer sk-provider1234567 refused" })] }),
    });
    expect(JSON.stringify(entry)).not.toMatch(/secret|1234567/);
    expect(entry.record.path).toBe("/models");
  });

  it("tells a stream that broke off from one that is whole, by its error and not by its status", () => {
    const error = new DomainError("answer_truncated");
    expect(toRecord({ result: toResult({ error, finishReason: undefined }) }).record).toMatchObject({
      status: 200,
      errorCode: "answer_truncated",
      errorMessage: "The answer broke off before its end.",
    });
  });

  it("has the status that the caller was told, where no upstream answered", () => {
    const result = toRefusedResult(new DomainError("budget_exceeded", "The day's budget is used up."), 1);
    expect(toRecord({ result, charge: undefined, call: undefined, access: undefined }).record).toMatchObject({
      status: 402,
      errorCode: "budget_exceeded",
      errorMessage: "The day's budget is used up.",
      model: null,
      kind: "other",
      keyId: null,
      usageSource: "none",
      costNanos: null,
      attemptCount: 0,
    });
  });

  it("counts what an upstream refused, and what the caller did not wait for, as no whole answer", () => {
    expect(toRecord({ result: toResult({ status: 400 }) }).record).toMatchObject({
      status: 400,
      errorCode: "upstream_rejected",
    });
    expect(toRecord({ result: toResult({ status: undefined }) }).record).toMatchObject({
      status: 499,
      errorCode: "cancelled",
    });
  });

  it("hides the reason of an internal error", () => {
    const error = new DomainError("internal", "at /work/secret.ts");
    expect(toRecord({ result: toResult({ error }) }).record.errorMessage).toBe("Internal error");
  });

  it("knows the size of what was uploaded, where that was said", () => {
    const upload = (length: number | undefined) =>
      toRecord({ request: toRequest({ body: { kind: "stream", source: Readable.from([]), length } }) });
    expect(upload(5000)).toMatchObject({ record: { requestBytes: 5000 }, bodies: { request: null } });
    expect(upload(undefined).record.requestBytes).toBeNull();
    expect(toRecord({ request: toRequest({ body: { kind: "none" } }) }).record.requestBytes).toBe(0);
  });
});

describe("the bodies of a call", () => {
  it("are kept of JSON only", () => {
    expect(toBodies(' {"a":1}', { "content-type": "application/json; charset=utf-8" })?.request).toBe(
      ' {"a":1}',
    );
    expect(toBodies('{"a":1}')?.request).toBe('{"a":1}');
    expect(toBodies('{"a":1}', { "content-type": "multipart/form-data; boundary=x" })?.request).toBeNull();
    expect(toBodies("--x", { "content-type": "application/json" })?.request).toBeNull();
    expect(toBodies("")?.request).toBeNull();
  });

  it("are cut, never inside of a character", () => {
    const body = `["${"\u{1f600}".repeat(100)}"]`;
    const cut = (bodyCharsMax: number) =>
      toForwardRecord(
        toFacts({ request: toRequest({ headers: {}, body: { kind: "whole", bytes: Buffer.from(body) } }) }),
        { ...settings, bodyCharsMax },
      ).bodies?.request;
    for (let length = 2; length < 210; length++) {
      const text = cut(length) ?? "";
      expect(text.isWellFormed()).toBe(true);
      expect(text.length).toBe(Math.min(length, body.length));
      expect(body.startsWith(text.replace(/\ufffd$/, ""))).toBe(true);
    }
  });

  it("are whole where they are to be, and absent where they are not", () => {
    const request = toRequest({ body: { kind: "whole", bytes: Buffer.from(`["${"x".repeat(100_000)}"]`) } });
    const length = (changes: object) =>
      toForwardRecord(toFacts({ request }), { ...settings, ...changes }).bodies?.request?.length;
    expect(length({})).toBe(16_384);
    expect(length({ bodies: "whole" })).toBe(100_004);
    expect(length({ bodies: "off" })).toBeUndefined();
    expect(length({ bodyCharsMax: 0 })).toBeUndefined();
  });
});
