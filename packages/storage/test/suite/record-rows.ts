import type { RecordAttempt, RecordEntry, RequestRecord } from "../../src/index.ts";
import { nextTextId } from "./rows.ts";

/** A record that has everything, with whatever a test cares about; later ones have later ids. */
export function createRecord(given: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: nextTextId("req"),
    at: 1_790_000_000_000,
    clientIp: "192.0.2.7",
    host: "gateway.example:8080",
    method: "POST",
    path: "/chat/completions",
    kind: "chat",
    model: "model-1",
    modelAnswered: "model-1-2026",
    upstream: "upstream-1",
    upstreamId: "ups_1",
    status: 200,
    userAgent: "a caller/1.0",
    isStreamed: true,
    finishReason: "stop",
    promptTokens: 10,
    completionTokens: 20,
    reasoningTokens: 5,
    cachedTokens: 0,
    usageSource: "provider",
    costNanos: 9_007_199_254_740_991,
    firstByteMs: 120,
    elapsedMs: 3000,
    errorCode: null,
    errorMessage: null,
    keyId: "key_1",
    keyName: "production",
    userId: 7,
    runId: null,
    messageId: null,
    attemptCount: 1,
    requestBytes: 2000,
    answerChars: 500,
    voice: '{"face":"chat","context":{"channel":"room-1"}}',
    ...given,
  };
}

/** A record of a request that got no answer, and of which nothing more is known than must be. */
export function createFailedRecord(given: Partial<RequestRecord> = {}): RequestRecord {
  return createRecord({
    clientIp: null,
    host: null,
    method: null,
    path: null,
    kind: "run",
    model: null,
    modelAnswered: null,
    upstream: null,
    upstreamId: null,
    status: 502,
    userAgent: null,
    isStreamed: false,
    finishReason: null,
    promptTokens: null,
    completionTokens: null,
    reasoningTokens: null,
    cachedTokens: null,
    usageSource: "none",
    costNanos: null,
    firstByteMs: null,
    errorCode: "upstream_unavailable",
    errorMessage: "No upstream could answer.",
    keyId: null,
    keyName: null,
    userId: null,
    attemptCount: 0,
    requestBytes: null,
    answerChars: null,
    voice: null,
    ...given,
  });
}

export function createAttempt(given: Partial<RecordAttempt> = {}): RecordAttempt {
  return {
    upstream: "upstream-1",
    upstreamId: "ups_1",
    keyLast4: "abcd",
    model: "model-1",
    outcome: "done",
    status: 200,
    message: null,
    connectMs: 3,
    firstByteMs: 100,
    firstTokenMs: 120,
    totalMs: 3000,
    ...given,
  };
}

/** A record with what belongs to it; without anything else unless it is given. */
export function createEntry(
  given: Partial<RequestRecord> = {},
  parts: Partial<Omit<RecordEntry, "record">> = {},
): RecordEntry {
  return { record: createRecord(given), attempts: [], bodies: null, ...parts };
}
