import { DomainError } from "@llm-backend/contract";
import {
  readForwardCall,
  toRefusedResult,
  type ForwardCall,
  type ForwardRequest,
  type ForwardResult,
  type ForwardSink,
  type Gateway,
} from "@llm-backend/gateway";
import type { Access } from "../key/access.ts";
import type { Admission, AdmissionService, Charge } from "../key/admission-service.ts";
import type { KeyService } from "../key/key-service.ts";
import { findGivenUp } from "../usage/given-up.ts";
import { countPromptTokens, estimateCompletionTokens, estimatePromptTokens } from "./estimate-call.ts";
import { findModelAnswer } from "./model-answer.ts";

/** One call, and whose it is. */
export type IncomingCall = {
  readonly request: ForwardRequest;
  readonly access: Access;
  /** The caller's address. */
  readonly address: string;
  /** What its record tells where it is not what is passed on: a voice engine's call is changed before that. */
  readonly received?: ReceivedCall | undefined;
};

/** What came, and what else is to be told of it. */
export type ReceivedCall = {
  readonly request: ForwardRequest;
  /** JSON, for the record. */
  readonly voice: string;
};

/** Answers a call that was let in. Never rejects. @default the gateway, which asks upstreams */
export type AnswerAdmitted = Gateway["forward"];

/** Where a call's answer goes. */
export type CallAnswer = {
  readonly signal: AbortSignal;
  readonly sink: ForwardSink;
  /** Headers that go with whatever is answered. */
  readonly announce: (headers: Readonly<Record<string, string>>) => void;
};

/** What came of a call. With an error and nothing answered, the face has to tell it. */
export type CallOutcome = {
  readonly error: DomainError | undefined;
  readonly isAnswered: boolean;
  /** How many upstreams were asked. */
  readonly attempts: number;
};

/** A call that has ended, and everything that is known of it. */
export type EndedCall = {
  readonly incoming: IncomingCall;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  /** Undefined where it could not be read. */
  readonly call: ForwardCall | undefined;
  readonly result: ForwardResult;
  /** Undefined where it was not let in: then nothing was started either. */
  readonly charge: Charge | undefined;
};

/** A call that has been let in. */
type Passing = {
  readonly incoming: IncomingCall;
  readonly answer: CallAnswer;
  readonly at: number;
  readonly call: ForwardCall;
  readonly admission: Admission;
  readonly ask: AnswerAdmitted;
};

/** What the service stands on. */
export type ForwardServiceDeps = {
  readonly gateway: Gateway;
  readonly keys: Pick<KeyService, "authenticate">;
  readonly admissions: AdmissionService;
  /** How many characters of an answer's text are kept for the record. */
  readonly textCharsMax: number;
  readonly now: () => number;
  /** Only runs forward, and no faster than time: what durations are measured by. @default now */
  readonly elapsed?: () => number;
  /** Learns of every call that is passed on, and of its end. Must not throw. */
  readonly onStarted?: () => void;
  readonly onEnded: (ended: EndedCall) => void;
};

type Settled = { readonly admission: Admission; readonly call: ForwardCall; readonly result: ForwardResult };

/** The calls of `/v1`: who may make them, and what they cost; the gateway answers them. */
export type ForwardService = ReturnType<typeof createForwardService>;

/** Creates the service. */
export function createForwardService(deps: ForwardServiceDeps) {
  const { gateway, keys, elapsed = deps.now } = deps;

  return {
    /**
     * Who a caller is, by the `Authorization` header.
     *
     * @throws DomainError `unauthenticated`, in the words of the earlier gateway, or with what is wrong with a key.
     */
    async authenticate(authorization: string | undefined): Promise<Access> {
      const token = readToken(authorization);
      try {
        // Where everyone may come in, it does not matter what they bring.
        return await keys.authenticate(token, "inference");
      } catch (error) {
        if (token !== undefined || !DomainError.is(error) || error.code !== "unauthenticated") throw error;
        throw new DomainError("unauthenticated", "authorization header should start with 'Bearer'");
      }
    },

    /**
     * Answers a call.
     *
     * @throws DomainError for what the caller may not do: `invalid_input`, `model_not_found`, `rate_limited`,
     *   `budget_exceeded`. Everything that happens after that is in the outcome.
     */
    async forward(
      incoming: IncomingCall,
      answer: CallAnswer,
      ask: AnswerAdmitted = (call, options) => gateway.forward(call, options),
    ): Promise<CallOutcome> {
      const { access, request } = incoming;
      const known = findModelAnswer(request, () => gateway.models(access.mayUse), access.mayAsk);
      if (known !== undefined) return sendKnown(known, answer);
      const at = deps.now();
      const startedAt = elapsed();
      let call: ForwardCall | undefined;
      let admission: Admission;
      try {
        call = toAllowed(readForwardCall(request), access);
        admission = await deps.admissions.admit(access, toDemand(call));
      } catch (error) {
        if (!DomainError.is(error)) throw error;
        answer.announce(deps.admissions.showLimits(access));
        deps.onEnded({
          incoming,
          at,
          call,
          charge: undefined,
          result: toRefusedResult(error, elapsed() - startedAt),
        });
        throw error;
      }
      return pass({ incoming, answer, at, call, admission, ask });
    },

    /** Writes down a call that was refused before it was read as one. */
    noteRefused(incoming: IncomingCall, error: DomainError): void {
      const result = toRefusedResult(error, 0);
      deps.onEnded({ incoming, at: deps.now(), call: undefined, charge: undefined, result });
    },
  };

  async function pass(given: Passing): Promise<CallOutcome> {
    const { incoming, answer, at, call, admission, ask } = given;
    answer.announce(admission.headers);
    deps.onStarted?.();
    const result = await ask(call, {
      signal: answer.signal,
      sink: answer.sink,
      mayUse: incoming.access.mayUse,
      textCharsMax: deps.textCharsMax,
    });
    const charge = await settle({ admission, call, result });
    deps.onEnded({ incoming, at, call, result, charge });
    return { error: result.error, isAnswered: result.isAnswered, attempts: result.attempts.length };
  }
}

/** What stands behind `Bearer`, with or without blanks as the earlier gateway took it; undefined where that is missing. */
function readToken(authorization: string | undefined): string | undefined {
  return authorization === undefined || !/^bearer/i.test(authorization)
    ? undefined
    : authorization.slice("bearer".length).trim();
}

/** A call within what its key may ask: fallbacks of the caller's that are none are left out. */
function toAllowed(call: ForwardCall, { mayAsk }: Access): ForwardCall {
  if (!mayAsk(call.model))
    throw new DomainError("model_not_found", `This key may not use the model “${call.model}”.`);
  return call.fallbacks.every(mayAsk) ? call : { ...call, fallbacks: call.fallbacks.filter(mayAsk) };
}

function toDemand(call: ForwardCall) {
  return {
    requestId: call.request.id,
    model: call.model,
    fallbacks: call.fallbacks,
    promptTokens: estimatePromptTokens(call),
    maxTokens: call.maxTokens,
  };
}

/** Ends the admission with what was used. */
function settle({ admission, call, result }: Settled): Promise<Charge> {
  const upstream = result.upstream ?? findGivenUp(result.attempts)?.upstream;
  const isBillable = upstream !== undefined;
  const isCounted = isBillable && call.kind !== "other";
  return admission.end({
    usage: result.usage,
    ...(isCounted && result.usage === undefined && { promptTokensCounted: countPromptTokens(call) }),
    completionTokensCounted: isCounted ? estimateCompletionTokens(result) : undefined,
    model: result.model,
    upstream,
    isBillable,
  });
}

function sendKnown(body: Buffer, { sink }: CallAnswer): CallOutcome {
  sink.head(200, { "content-type": "application/json", "content-length": String(body.length) });
  sink.write(body);
  sink.end();
  return { error: undefined, isAnswered: true, attempts: 0 };
}
