import type { AttemptReport, ForwardRequest, ForwardResult } from "@llm-backend/gateway";
import { createNewId, type ForwardFacts } from "@llm-backend/server";
import type { RecordEntry } from "@llm-backend/storage";

const newId = createNewId(Date.now);

/** An attempt that went well, with whatever a test cares about. */
export function toReport(given: Partial<AttemptReport> = {}): AttemptReport {
  return {
    requestId: "req_1",
    upstream: "first",
    upstreamId: "ups_1",
    keyLast4: "abcd",
    model: "upstream-model",
    outcome: "done",
    status: 200,
    message: undefined,
    connectMs: 1.4,
    firstByteMs: 10.5,
    firstTokenMs: 20.6,
    totalMs: 100.2,
    framesMalformed: 0,
    usage: undefined,
    ...given,
  };
}

/** A request of a chat, with a key in its header. */
export function toRequest(given: Partial<ForwardRequest> = {}): ForwardRequest {
  return {
    id: newId.text("req"),
    method: "POST",
    path: "/chat/completions",
    headers: {
      authorization: "Bearer sk-llmb-secretsecret1234",
      cookie: "session=secret",
      "content-type": "application/json",
      "user-agent": "a caller/1.0",
    },
    body: { kind: "whole", bytes: Buffer.from('{"model":"a-model","messages":[]}') },
    ...given,
  };
}

/** A whole answer. */
export function toResult(given: Partial<ForwardResult> = {}): ForwardResult {
  return {
    isAnswered: true,
    status: 200,
    error: undefined,
    upstream: "first",
    upstreamId: "ups_1",
    model: "upstream-model",
    finishReason: "stop",
    usage: { promptTokens: 3, completionTokens: 4 },
    text: "Hello",
    textChars: 5,
    attempts: [toReport()],
    firstByteMs: 25.4,
    totalMs: 101.6,
    ...given,
  };
}

/** A call that was answered. */
export function toFacts(given: Partial<ForwardFacts> = {}): ForwardFacts {
  return {
    request: toRequest(),
    call: { model: "a-model", kind: "chat", isStreamed: true },
    clientIp: "192.0.2.7",
    at: 1_790_000_000_000,
    access: { keyId: "key_1", keyName: "production", userId: 7 },
    charge: { usage: { promptTokens: 3, completionTokens: 4 }, usageSource: "provider", costNanos: 1234 },
    result: toResult(),
    ...given,
  };
}

/** A stored entry in its barest form. */
export function toEntry(given: Partial<RecordEntry["record"]> = {}, bodyChars = 0): RecordEntry {
  const body = "x".repeat(bodyChars);
  return {
    record: {
      id: newId.text("req"),
      at: 1_790_000_000_000,
      clientIp: null,
      host: null,
      method: "POST",
      path: "/chat/completions",
      kind: "chat",
      model: "a-model",
      modelAnswered: null,
      upstream: null,
      upstreamId: null,
      status: 200,
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
      elapsedMs: 1,
      errorCode: null,
      errorMessage: null,
      keyId: null,
      keyName: null,
      userId: null,
      runId: null,
      messageId: null,
      attemptCount: 0,
      requestBytes: null,
      answerChars: null,
      voice: null,
      ...given,
    },
    attempts: [],
    bodies: bodyChars === 0 ? null : { request: body, answer: null },
  };
}
