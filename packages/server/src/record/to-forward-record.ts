import { errorCodes, toPublicMessage, type ErrorCode } from "@llm-backend/contract";
import type { ForwardRequest } from "@llm-backend/gateway";
import type { RecordBodies, RecordEntry, RequestRecord } from "@llm-backend/storage";
import type { ForwardFacts } from "./record-facts.ts";
import { toBodyCharsMax, type RecordSettings } from "./record-settings.ts";
import { toStoredBody, toStoredLine } from "./stored-text.ts";
import { toAttempt, toWholeMs } from "./to-attempt.ts";
import { toUsageFields } from "./to-usage-fields.ts";

type Headers = ForwardRequest["headers"];

/** The record of a call under /v1. Of the caller's headers it keeps the user agent alone. */
export function toForwardRecord(facts: ForwardFacts, settings: RecordSettings): RecordEntry {
  const { request, result } = facts;
  return {
    record: {
      id: request.id,
      at: facts.at,
      clientIp: facts.clientIp,
      host: settings.hostname,
      method: toStoredLine(request.method, 32),
      path: toStoredLine(toPath(request.path)),
      userAgent: toStoredHeader(request.headers, "user-agent"),
      requestBytes: getBodyBytes(request),
      firstByteMs: toWholeMs(result.firstByteMs),
      elapsedMs: Math.round(result.totalMs),
      keyId: facts.access?.keyId ?? null,
      keyName: facts.access?.keyName ?? null,
      userId: facts.access?.userId ?? null,
      runId: null,
      messageId: null,
      attemptCount: result.attempts.length,
      voice: facts.voice ?? null,
      ...toCallFields(facts),
      ...toOutcomeFields(facts),
      ...toUsageFields(facts.charge, result.usage),
    },
    attempts: result.attempts.map(toAttempt),
    bodies: toBodies(facts, toBodyCharsMax(settings)),
  };
}

function toCallFields({ call }: ForwardFacts): Pick<RequestRecord, "kind" | "model" | "isStreamed"> {
  return {
    kind: call?.kind ?? "other",
    model: call === undefined ? null : toStoredLine(call.model, 256),
    isStreamed: call?.isStreamed ?? false,
  };
}

function toOutcomeFields({ result }: ForwardFacts) {
  const { error } = result;
  const status = result.status ?? errorCodes[error?.code ?? "cancelled"].status;
  return {
    modelAnswered: result.model === undefined ? null : toStoredLine(result.model, 256),
    upstream: result.upstream ?? null,
    upstreamId: result.upstreamId ?? null,
    status,
    finishReason: result.finishReason === undefined ? null : toStoredLine(result.finishReason, 64),
    // What an upstream refused in its own words is no whole answer either.
    errorCode: error?.code ?? toErrorCode(result.status),
    errorMessage: error === undefined ? null : toStoredLine(toPublicMessage(error)),
    answerChars: result.textChars,
  };
}

/** What the status says where there is no error: the caller left before there was one, or an upstream refused. */
function toErrorCode(status: number | undefined): ErrorCode | null {
  if (status === undefined) return "cancelled";
  return status >= 400 ? "upstream_rejected" : null;
}

/** Without the query: some callers put keys there. */
function toPath(path: string): string {
  const end = path.indexOf("?");
  return end === -1 ? path : path.slice(0, end);
}

function getHeader(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

function toStoredHeader(headers: Headers, name: string): string | null {
  const value = getHeader(headers, name);
  return value === undefined ? null : toStoredLine(value, 200);
}

function getBodyBytes({ body }: ForwardRequest): number | null {
  if (body.kind === "none") return 0;
  return body.kind === "whole" ? body.bytes.length : (body.length ?? null);
}

function toBodies({ request, result }: ForwardFacts, charsMax: number): RecordBodies | null {
  if (charsMax === 0) return null;
  const asked = readJsonBody(request, charsMax);
  const answer = result.text === "" ? null : toStoredBody(result.text, charsMax);
  return asked === null && answer === null ? null : { request: asked, answer };
}

/** Uploads are not kept, nor is anything else that is no JSON. */
function readJsonBody({ headers, body }: ForwardRequest, charsMax: number): string | null {
  if (body.kind !== "whole" || body.bytes.length === 0) return null;
  if (!/\bjson\b/i.test(getHeader(headers, "content-type") ?? "json")) return null;
  // A character has at most three bytes for each of its UTF-16 units: no more needs to be read.
  const text = body.bytes.toString("utf8", 0, Math.min(body.bytes.length, charsMax * 3));
  return /^\s*[{[]/.test(text.slice(0, 64)) ? toStoredBody(text, charsMax) : null;
}
