import type { IncomingMessage, ServerResponse } from "node:http";
import { DomainError } from "@llm-backend/contract";
import type { ForwardService } from "@llm-backend/server";
import { chooseVoiceFace, findVoiceFace, type VoiceFaces } from "../voice/voice-paths.ts";
import { createCorsHeaders, toPreflight } from "./cors-headers.ts";
import { findCallFault } from "./find-call-fault.ts";
import { readCallBody, type BodyLimits } from "./read-call-body.ts";
import { createResponseSink, type AnswerHead, type ResponseSink } from "./response-sink.ts";
import { writeError } from "./write-error.ts";

/** What the face needs of its host. */
export type OpenAiOptions = {
  readonly forward: Pick<ForwardService, "authenticate" | "forward">;
  /** Answers calls of voice engines; without it there are none. */
  readonly voice?: VoiceFaces;
  readonly newRequestId: () => string;
  readonly corsOrigins: readonly string[];
  readonly limits: BodyLimits;
  /** The caller's address, as far as proxies on the way are believed. */
  readonly readAddress: (request: IncomingMessage) => string;
  /** What is wrong with a request that no honest client sends. */
  readonly findRefusal: (
    request: IncomingMessage,
  ) => { readonly status: number; readonly message: string } | undefined;
  /** Why no call is taken just now, whatever it asks for. */
  readonly findShortage?: () => DomainError | undefined;
  /** Learns of every call when it has been answered. */
  readonly onAnswered: (call: AnsweredCall) => void;
  /** Learns of failures that the caller is not told the reason of. */
  readonly onInternalError: (error: unknown, requestId: string) => void;
  /** How often a silent stream is kept open. */
  readonly pingMs: number;
};

/** One call, for the log. */
export type AnsweredCall = {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly address: string;
};

/** The face of `/v1` and of voice engines, in front of everything else: it answers what is meant for it and leaves the rest. */
export type OpenAiHandler = Disposable & {
  /** True: the request is answered here. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Takes no more calls; resolves when those under way have ended, or with the signal. */
  readonly drain: (until: AbortSignal) => Promise<void>;
  /** Resolves when no call is under way, or after so many milliseconds. */
  idle(ms: number): Promise<void>;
};

const prefix = "/v1";
const drainLookMs = 20;
/** A path of the host's own. */
const metricsPath = "/v1/metrics";

/** Creates the handler. It works on Node's own objects: a framework's cost for a call would be more than all of ours. */
export function createOpenAiHandler(options: OpenAiOptions): OpenAiHandler {
  const cors = createCorsHeaders(options.corsOrigins);
  const open = new Set<ResponseSink>();
  const pinger = setInterval(() => {
    const now = performance.now();
    for (const sink of open) sink.ping(now, options.pingMs);
  }, options.pingMs / 4).unref();

  let isStopping = false;

  async function waitForIdle(until: AbortSignal): Promise<void> {
    while (open.size > 0 && !until.aborted) {
      await new Promise((resolve) => setTimeout(resolve, drainLookMs));
    }
  }

  function begin(request: IncomingMessage, response: ServerResponse): void {
    const call = startCall(request, response, options);
    Object.assign(call.head.headers, cors(request.headers));
    const refusal = options.findRefusal(request);
    if (request.method === "OPTIONS") {
      response.writeHead(204, { ...call.head.headers, ...toPreflight(request.headers) } as Record<
        string,
        string
      >);
      response.end();
    } else if (refusal !== undefined) {
      const { status, message } = refusal;
      refuse(call, new DomainError("invalid_input", message), status);
    } else {
      const fault = isStopping
        ? new DomainError("shutting_down")
        : (options.findShortage?.() ?? findCallFault(request));
      if (fault === undefined) void answer(call, options, open);
      else refuse(call, fault);
    }
  }

  return {
    handle(request, response) {
      const url = request.url ?? "";
      if (!isUnderV1(url) && (options.voice === undefined || findVoiceFace(url) === undefined)) return false;
      begin(request, response);
      return true;
    },
    drain(until) {
      isStopping = true;
      return waitForIdle(until);
    },
    idle: (ms) => waitForIdle(AbortSignal.timeout(ms)),
    [Symbol.dispose]: () => clearInterval(pinger),
  };
}

function isUnderV1(url: string): boolean {
  if (!url.startsWith(prefix)) return false;
  const next = url.charCodeAt(prefix.length);
  // The end, a slash, or a query.
  if (!Number.isNaN(next) && next !== 0x2f && next !== 0x3f) return false;
  return !url.startsWith(metricsPath) || !/^(\?|$)/.test(url.slice(metricsPath.length));
}

type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly address: string;
  readonly head: AnswerHead;
  /** The caller has gone. */
  readonly left: AbortSignal;
};

function startCall(request: IncomingMessage, response: ServerResponse, options: OpenAiOptions): Call {
  const requestId = options.newRequestId();
  const address = options.readAddress(request);
  const startedAt = performance.now();
  const left = new AbortController();
  response.on("close", () => {
    // Whoever leaves before the end is the only reader: nobody needs the rest.
    if (!response.writableFinished) left.abort();
    options.onAnswered({
      requestId,
      method: request.method ?? "",
      // Without the query: inputs are nobody's business in a log.
      path: (request.url ?? "").split("?", 1)[0] ?? "",
      status: response.headersSent ? response.statusCode : 499,
      ms: performance.now() - startedAt,
      address,
    });
  });
  const headers = { "x-request-id": requestId, "x-content-type-options": "nosniff" };
  return { request, response, requestId, address, head: { headers }, left: left.signal };
}

async function answer(call: Call, options: OpenAiOptions, open: Set<ResponseSink>): Promise<void> {
  const { request, response, requestId, head } = call;
  const sink = createResponseSink(response, head);
  open.add(sink);
  try {
    const { access, body } = await admit(call, options);
    const { method = "GET", url = "", headers } = request;
    const isV1 = url.startsWith(prefix);
    const asked = { id: requestId, method, path: isV1 ? url.slice(prefix.length) : url, headers, body };
    const face = options.voice && chooseVoiceFace(options.voice, asked, isV1);
    const outcome = await (face ?? options.forward.forward)(
      { request: asked, access, address: call.address },
      { signal: call.left, sink, announce: (limits) => Object.assign(head.headers, limits) },
    );
    if (outcome.error === undefined || response.destroyed) return;
    if (outcome.error.code === "internal") options.onInternalError(outcome.error, requestId);
    if (outcome.isAnswered) return;
    writeError(response, outcome.error, { head, wasRetried: outcome.attempts > 1 });
  } catch (error) {
    fail(call, error, options);
  } finally {
    open.delete(sink);
  }
}

/** Who asks comes before what is asked: a stranger's body is not read. */
async function admit(call: Call, options: OpenAiOptions) {
  const { request } = call;
  const access = await options.forward.authenticate(request.headers.authorization);
  const body = readCallBody(request, options.limits);
  return { access, body: body instanceof Promise ? await body : body };
}

function fail(call: Call, error: unknown, options: OpenAiOptions): void {
  const { response, requestId } = call;
  const isDomain = DomainError.is(error);
  if (!isDomain) options.onInternalError(error, requestId);
  if (response.headersSent) return void response.destroy();
  // Contract 3: whoever may not come in is told 403.
  const isStranger = isDomain && error.code === "unauthenticated";
  refuse(call, error, isStranger ? 403 : undefined);
}

/** Answers with an error, whatever of the body is still to come. */
function refuse({ response, head }: Call, error: unknown, status?: number): void {
  writeError(response, error, { head, ...(status !== undefined && { status }) });
}
