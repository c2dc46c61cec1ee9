import { DomainError, findDomainError } from "@llm-backend/contract";
import type { AttemptResult } from "../attempt/attempt-result.ts";
import { UploadBody } from "../attempt/upload-body.ts";
import { CandidateWalk } from "../failover/candidate-walk.ts";
import type { GatewayContext } from "../failover/gateway-context.ts";
import type { Failure } from "../failure/failure.ts";
import { toBrokenAnswerError, toFinalError } from "../failure/final-error.ts";
import type { Slot } from "../pool/pool.ts";
import { isForVectors } from "../request/call-fields.ts";
import { askCandidate, type Asked } from "./ask-candidate.ts";
import { toErrorFrame } from "./error-frame.ts";
import type { ForwardCall, ForwardOptions, ForwardResult } from "./forward-ports.ts";
import type { Forwarding } from "./forwarding-state.ts";
import { Outlet } from "./outlet.ts";
import { rescue } from "./rescue.ts";

/** So much of an upload is kept, to be sent again to somebody else. */
const uploadKeptBytesMax = 1024 * 1024;

/** How a call ended: with an answer, or with what was thrown instead. */
type Ending = { readonly asked: Asked | undefined; readonly error: DomainError | undefined };

/** Passes a call on, and its answer back. Never rejects. */
export async function forwardCall(
  context: GatewayContext,
  call: ForwardCall,
  options: ForwardOptions,
): Promise<ForwardResult> {
  const { mayUse, sink } = options;
  const { model, fallbacks } = call;
  const isExact = call.kind === "other" && isForVectors(call.request.path);
  const walk = new CandidateWalk(context, { model, fallbacks, mayUse, isExact });
  const { body } = call.request;
  const upload =
    body.kind === "stream"
      ? new UploadBody(body.source, { length: body.length, keptBytesMax: uploadKeptBytesMax })
      : undefined;
  const forwarding = { context, call, options, outlet: new Outlet(sink), walk, upload, attempts: [] };
  const ending = await answer(forwarding);
  upload?.close();
  return toResult(forwarding, ending);
}

async function answer(forwarding: Forwarding): Promise<Ending> {
  const { outlet, walk, options, call } = forwarding;
  let asked: Asked | undefined;
  try {
    for (;;) {
      const slot = await walk.next(options.signal);
      asked = await askCandidate(forwarding, slot);
      const { failure } = asked.result;
      if (failure === undefined) break;
      if (outlet.isOpen) {
        asked = await goOn(forwarding, { slot, asked, failure });
        break;
      }
      if (failure.outcome === "cancelled") throw toFinalError(failure);
      const refusal = noteFailure(walk, failure);
      if (refusal !== undefined) return { asked, error: passRefusal(outlet, failure, refusal) };
      if (forwarding.upload?.canReplay === false) throw walk.toError();
    }
    outlet.end();
    return { asked, error: undefined };
  } catch (thrown) {
    const error = findDomainError(thrown) ?? new DomainError("internal", undefined, { cause: thrown });
    breakOff(outlet, call, error);
    return { asked, error };
  }
}

/** The answer broke off after some of it had gone out: somebody else takes it up, or it ends with an error. */
async function goOn(
  forwarding: Forwarding,
  broken: { slot: Slot; asked: Asked; failure: Failure },
): Promise<Asked> {
  const { failure } = broken;
  if (failure.outcome === "cancelled") throw toFinalError(failure);
  const rescued = await rescue(forwarding, broken);
  if (rescued === undefined) throw toBrokenAnswerError(failure);
  return rescued;
}

/** The error of a failure that ends the search, if it does. */
function noteFailure(walk: CandidateWalk, failure: Failure): DomainError | undefined {
  try {
    walk.note(failure);
    return undefined;
  } catch (error) {
    return error as DomainError;
  }
}

/** What the caller has to change is told in the upstream's own words. */
function passRefusal(outlet: Outlet, { answer: said }: Failure, refusal: DomainError): DomainError {
  if (said === undefined) return refusal;
  const body = Buffer.from(said.body);
  outlet.head(said.status, { "content-type": "application/json", "content-length": String(body.length) });
  outlet.write(body);
  outlet.end();
  return refusal;
}

/** Ends what has begun so that nobody takes it for whole. */
function breakOff(outlet: Outlet, call: ForwardCall, error: DomainError): void {
  if (!outlet.isOpen) return;
  if (!call.isStreamed || call.kind === "other") return outlet.cut();
  outlet.write(toErrorFrame(call.kind, error));
  outlet.end();
}

function toResult(forwarding: Forwarding, { asked, error }: Ending): ForwardResult {
  const { outlet, attempts } = forwarding;
  const hasAnswered = asked !== undefined && (asked.result.failure === undefined || asked.result.hasContent);
  const result: AttemptResult | undefined = hasAnswered ? asked.result : undefined;
  return {
    isAnswered: outlet.isOpen,
    status: outlet.status,
    error,
    upstream: hasAnswered ? asked.slot.upstream.name : undefined,
    upstreamId: hasAnswered ? asked.slot.upstream.id : undefined,
    model: result?.model,
    finishReason: hasAnswered ? asked.finishReason : undefined,
    usage: result?.usage,
    text: asked?.text ?? "",
    textChars: asked?.textChars ?? 0,
    attempts,
    firstByteMs: outlet.firstByteMs,
    totalMs: outlet.elapsedMs,
  };
}
