import type { AnswerHeaders } from "../failure/retry-after.ts";
import type { Slot } from "../pool/pool.ts";
import type { ForwardCall, ForwardRequest } from "./forward-ports.ts";

type WireHeaders = Record<string, string | readonly string[]>;

/** What belongs to one connection and not to the request. @source RFC 9110, section 7.6.1 */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "host",
  "content-length",
  "http2-settings",
]);

/** The caller's own secrets, and what is set anew for every upstream. */
const neverKept = new Set(["authorization", "accept-encoding", "cookie", "x-api-key", "api-key"]);

/** What an upstream's answer may say of itself. */
const answerNames = [
  "content-type",
  "content-disposition",
  "content-range",
  "content-language",
  "accept-ranges",
  "etag",
  "last-modified",
  "openai-processing-ms",
  "openai-version",
  "openai-model",
] as const;

/** The headers of a request to an upstream: few of the caller's, or nearly all where the upstream is meant to have them. */
export function toUpstreamHeaders(call: ForwardCall, slot: Pick<Slot, "upstream" | "key">): WireHeaders {
  const { headers } = call.request;
  const kept = slot.upstream.keepHeaders ? keepHeaders(headers) : {};
  const contentType = headers["content-type"];
  const authorization = toAuthorization(headers, slot);
  return {
    "user-agent": "llm-backend",
    ...kept,
    ...(contentType !== undefined && { "content-type": contentType }),
    accept: headers["accept"] ?? "*/*",
    // A compressed stream would be held back by whoever compresses it, and cannot be watched.
    "accept-encoding": "identity",
    ...(authorization !== undefined && { authorization }),
  };
}

function toAuthorization(
  headers: ForwardRequest["headers"],
  { upstream, key }: Pick<Slot, "upstream" | "key">,
): string | readonly string[] | undefined {
  if (upstream.passAuthorization) return headers["authorization"];
  return key === undefined ? undefined : `Bearer ${key}`;
}

function keepHeaders(headers: ForwardRequest["headers"]): WireHeaders {
  const named = headers["connection"];
  const alsoHops = new Set(
    (typeof named === "string" ? named : "").split(",").map((name) => name.trim().toLowerCase()),
  );
  const kept: WireHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || neverKept.has(name) || alsoHops.has(name)) continue;
    kept[name] = value;
  }
  return kept;
}

/** The headers of an answer that a caller may see. */
export function toCallerHeaders(headers: AnswerHeaders): WireHeaders {
  const shown: WireHeaders = {};
  for (const name of answerNames) {
    const value = headers[name];
    if (value !== undefined) shown[name] = value;
  }
  return shown;
}

/** The head of a stream of events. */
export function toStreamHeaders(headers: AnswerHeaders): WireHeaders {
  return {
    ...toCallerHeaders(headers),
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    // A proxy on the way must not gather it.
    "x-accel-buffering": "no",
  };
}
