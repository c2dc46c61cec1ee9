import type { AnswerReceiver } from "../attempt/answer-receiver.ts";
import type { AttemptResult } from "../attempt/attempt-result.ts";
import type { Attempt } from "../attempt/attempt.ts";
import type { WireRequest } from "../attempt/connections.ts";
import type { UploadBody } from "../attempt/upload-body.ts";
import type { Quirk } from "../failover/quirks.ts";
import { endSlot, runAttempt } from "../failover/run-attempt.ts";
import type { StreamJoiner } from "../join/stream-joiner.ts";
import type { Slot } from "../pool/pool.ts";
import { toUpstreamBody } from "../request/upstream-body.ts";
import { toPath } from "../routing/endpoint.ts";
import type { ScannedKind } from "../scan/scan-progress.ts";
import { createBytesReceiver } from "./bytes-receiver.ts";
import type { ForwardBody } from "./forward-ports.ts";
import type { Forwarding } from "./forwarding-state.ts";
import { createStreamReceiver, type StreamReceiver } from "./stream-receiver.ts";
import { createWholeReceiver, type WholeReceiver } from "./whole-receiver.ts";
import { toUpstreamHeaders } from "./wire-headers.ts";

/** What came of asking one candidate. */
export type Asked = {
  readonly slot: Slot;
  readonly result: AttemptResult;
  /** The receiver of a stream, which knows what was passed on. */
  readonly stream: StreamReceiver | undefined;
  readonly finishReason: string | undefined;
  readonly text: string;
  readonly textChars: number;
};

/** An answer that is to go on where another one broke off. */
export type Joining = {
  readonly createJoiner: () => StreamJoiner;
  /** The body to send, where that is not the caller's own. */
  readonly body?: ForwardBody | undefined;
};

/** In which form the candidate is asked: undefined leaves it as the caller wrote it. */
type Form = { readonly stream: boolean | undefined; readonly askUsage: boolean };

type Receiving = {
  readonly receiver: AnswerReceiver;
  readonly stream?: StreamReceiver;
  readonly whole?: WholeReceiver;
};

const formsMax = 3;

/** Asks one candidate, in another form where it turns out not to take the first. The slot is given back. */
export async function askCandidate(forwarding: Forwarding, slot: Slot, joining?: Joining): Promise<Asked> {
  for (let forms = 1; ; forms++) {
    const form = chooseForm(forwarding, slot);
    const receiving = createReceiver(forwarding, form, joining);
    const result = judgeNotFound(await attempt(forwarding, { slot, form, receiving, joining }));
    const quirk = result.failure?.refuses;
    if (forms < formsMax && quirk !== undefined && isAbout(quirk, forwarding, form)) {
      forwarding.context.quirks.learn(slot, quirk);
      continue;
    }
    endSlot(slot, result);
    return toAsked(slot, result, receiving);
  }
}

/**
 * A 404 without a word about the request may be a base URL that leads nowhere; but callers name the path here, and it is
 * for them to hear that there is none. Only a page for people says that this is no API.
 */
function judgeNotFound(result: AttemptResult): AttemptResult {
  const { failure } = result;
  const isSilent = failure?.status === 404 && failure.code === "upstream_unavailable";
  if (!isSilent || failure.answer === undefined || failure.answer.isPage) return result;
  return { ...result, failure: { ...failure, outcome: "rejected", code: "upstream_rejected", final: true } };
}

function chooseForm({ context: { quirks }, call }: Forwarding, slot: Slot): Form {
  const isGuarded = call.kind !== "other";
  const quirk = call.isStreamed ? "never_streams" : "only_streams";
  // In whichever form it was asked for, it can only be had in the other one.
  const stream = isGuarded && quirks.has(slot, quirk) ? !call.isStreamed : undefined;
  const knowsOptions = call.kind === "chat" || call.kind === "completion";
  return { stream, askUsage: knowsOptions && !quirks.has(slot, "no_stream_options") };
}

/** Whether a refusal is about something that we chose, and that can be chosen otherwise. */
function isAbout(quirk: Quirk, { call }: Forwarding, form: Form): boolean {
  if (call.kind === "other") return false;
  const isStreamed = form.stream ?? call.isStreamed;
  switch (quirk) {
    case "no_stream_options":
      return form.askUsage && isStreamed && !call.wantsUsage;
    case "only_streams":
      return !isStreamed && form.stream === undefined;
    case "never_streams":
      return isStreamed && form.stream === undefined;
    case "no_prefill":
    case "no_images":
    case "no_tools":
      return false;
  }
}

function createReceiver(forwarding: Forwarding, form: Form, joining: Joining | undefined): Receiving {
  const { call, context, options, outlet } = forwarding;
  if (call.kind === "other") return { receiver: createBytesReceiver(outlet, call.isStreamed) };
  const scan = toScanOptions(call.kind, { forwarding, hideUsage: call.isStreamed && !call.wantsUsage });
  if (call.isStreamed) {
    const joiner = joining?.createJoiner();
    const stream = createStreamReceiver({ outlet, scan, isWhole: form.stream === false, joiner });
    return { receiver: stream, stream };
  }
  const kept = { ...scan, textCharsMax: options.textCharsMax, limits: context.limits };
  const whole = createWholeReceiver({ outlet, scan: kept, isStreamed: form.stream === true });
  return { receiver: whole, whole };
}

/**
 * So much of a stream's text is remembered for somebody else to go on with: some sixteen thousand tokens, more than
 * nearly all answers have. Every stream has to be remembered, also one whose reader takes nothing.
 */
const rescuedCharsMax = 65_536;

function toScanOptions(kind: ScannedKind, given: { forwarding: Forwarding; hideUsage: boolean }) {
  const { context, options } = given.forwarding;
  const mayRescue = kind === "chat";
  const textCharsMax = mayRescue ? Math.max(options.textCharsMax, rescuedCharsMax) : options.textCharsMax;
  return { kind, hideUsage: given.hideUsage, textCharsMax, limits: context.limits };
}

function attempt(
  { context, call, options, outlet, walk, upload, attempts }: Forwarding,
  given: { slot: Slot; form: Form; receiving: Receiving; joining: Joining | undefined },
): Promise<AttemptResult> {
  const { slot, form, receiving, joining } = given;
  const { stream, askUsage } = form;
  const body = joining?.body ?? toUpstreamBody(call, { model: slot.model, askUsage, stream });
  return runAttempt(context, {
    requestId: call.request.id,
    slot,
    request: toWireRequest({ slot, call, body, upload }),
    receiver: receiving.receiver,
    signal: options.signal,
    remainingMs: walk.remainingMs,
    onStart: (started: Attempt) => outlet.attach(started),
    onReport: (report) => attempts.push(report),
  });
}

function toWireRequest(given: {
  slot: Slot;
  call: Forwarding["call"];
  body: ForwardBody;
  upload: UploadBody | undefined;
}): WireRequest {
  const { slot, call, body, upload } = given;
  const { endpoint } = slot.upstream;
  const headers = toUpstreamHeaders(call, slot);
  const isSized = body.kind === "stream" && body.length !== undefined;
  return {
    origin: endpoint.origin,
    path: joinSearch(toPath(endpoint, ""), call.request.path),
    method: call.request.method,
    headers: isSized ? { ...headers, "content-length": String(body.length) } : headers,
    body: toWireBody(body, upload),
  };
}

/** The endpoint's own query goes with every request, beside the caller's. */
function joinSearch(base: string, path: string): string {
  const [basePath = "", baseSearch] = base.split("?", 2);
  if (baseSearch === undefined) return basePath + path;
  return `${basePath}${path}${path.includes("?") ? "&" : "?"}${baseSearch}`;
}

function toWireBody(body: ForwardBody, upload: UploadBody | undefined): Buffer | UploadBody | null {
  switch (body.kind) {
    case "none":
      return null;
    case "whole":
      return body.bytes;
    case "stream":
      return upload ?? null;
  }
}

function toAsked(slot: Slot, result: AttemptResult, { receiver, stream, whole }: Receiving): Asked {
  const kept = stream?.progress ?? whole?.progress;
  return {
    slot,
    result,
    stream,
    finishReason: receiver.progress.finishReason,
    text: kept?.text ?? "",
    textChars: kept?.textChars ?? 0,
  };
}
