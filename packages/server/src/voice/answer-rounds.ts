import { DomainError, findDomainError } from "@llm-backend/contract";
import { toRefusedResult, type Gateway } from "@llm-backend/gateway";
import type { AnswerAdmitted, ForwardService, IncomingCall } from "../forward/forward-service.ts";
import type { ToolInfo } from "../tool/tool-box.ts";
import type { AnswerTarget } from "./answer-target.ts";
import { toVoiceRecord } from "./engine-fields.ts";
import { toWireTool, type OwnTools, type ToolCaller } from "./own-tools.ts";
import type { TakeText, VoiceFace } from "./ports.ts";
import { createRoundReader, type AnswerSoFar, type RoundReader } from "./round-reader.ts";
import { createRoundSink, type RoundSink, type WholeAnswer } from "./round-sink.ts";
import type { ToolOwners } from "./tool-sorter.ts";
import type { VoiceRequest } from "./voice-request.ts";
import { readWholeRound } from "./whole-round.ts";

/** What rounds stand on. */
export type RoundsDeps = {
  readonly forward: Pick<ForwardService, "forward">;
  readonly gateway: Pick<Gateway, "forward">;
  readonly tools: OwnTools;
  readonly roundsMax: number;
  readonly newRequestId: () => string;
};

/** One question, and everything that is done about it before a model is asked. */
export type VoiceTurn = {
  readonly face: VoiceFace;
  readonly incoming: IncomingCall;
  readonly request: VoiceRequest;
  /** Fields as JSON that are asked for in place of the caller's. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly announce: TakeText["announce"];
  /** What its record tells of it beside the engine's fields. */
  readonly notes: Record<string, unknown>;
  /**
   * Is done once the call was let in, before anybody is asked: gives what is asked, and with which tools. May tell the
   * caller something meanwhile.
   */
  readonly prepare: (target: AnswerTarget) => Promise<Prepared>;
  readonly soFar: AnswerSoFar;
};

/** What is asked in the first round. */
export type Prepared = { readonly messages: readonly string[]; readonly offered: readonly ToolInfo[] };

/** How an answer ended. */
export type RoundsEnd = {
  /** Undefined for a whole answer. */
  readonly error: DomainError | undefined;
  /** What came in one piece instead of a stream: an answer that was asked for so, or a refusal. */
  readonly whole: WholeAnswer | undefined;
  /** The error stands in the stream already. */
  readonly isErrorTold: boolean;
  readonly attempts: number;
};

/** What goes from round to round. */
type State = { messages: readonly string[]; offered: readonly ToolInfo[]; attempts: number; round: number };
type Round = { reader: RoundReader | undefined; sink: RoundSink | undefined };

/**
 * Asks a model, calls what it wants to have called here, and asks again, until it answers or has been given results as
 * often as it may. What was called by the model and is the caller's goes to the caller, and ends the answer; calls of
 * ours that stand beside such are not made: the model makes them anew when it is asked with what the caller found out.
 *
 * @throws DomainError for what is wrong with the call, as long as nothing was told.
 */
export async function answerInRounds(
  deps: RoundsDeps,
  turn: VoiceTurn,
  target: AnswerTarget,
): Promise<RoundsEnd> {
  const state: State = { messages: [], offered: [], attempts: 0, round: 0 };
  const caller: ToolCaller = {
    access: turn.incoming.access,
    requestId: turn.incoming.request.id,
    callIds: new Set(),
    signal: turn.signal,
  };
  for (;;) {
    const round: Round = { reader: undefined, sink: undefined };
    let error: DomainError | undefined;
    try {
      error = await askOnce(deps, { turn, target, state, round });
    } catch (thrown) {
      error = toError(thrown);
      if (!target.isOpen && state.round === 0) throw error;
    }
    const ended = readEnd(round, { turn, state, roundsMax: deps.roundsMax, error });
    if (ended.calls.length === 0) return { ...ended.end, attempts: state.attempts };
    try {
      const given = { offered: state.offered, said: ended.text, caller };
      const exchange = await deps.tools.call(ended.calls, given);
      state.messages = [...state.messages, ...exchange.map((message) => JSON.stringify(message))];
    } catch (thrown) {
      return { error: toError(thrown), whole: undefined, isErrorTold: false, attempts: state.attempts };
    }
    state.round++;
  }
}

type Asking = {
  readonly turn: VoiceTurn;
  readonly target: AnswerTarget;
  readonly state: State;
  readonly round: Round;
};

/** Asks once, as a call of its own: let in, recorded and paid like every other. */
async function askOnce(deps: RoundsDeps, asking: Asking): Promise<DomainError | undefined> {
  const { turn, state, target, round } = asking;
  const isFirst = state.round === 0;
  const ask: AnswerAdmitted = async (call, options) => {
    const startedAt = performance.now();
    try {
      if (isFirst) Object.assign(state, await turn.prepare(target));
      turn.signal.throwIfAborted();
    } catch (thrown) {
      return toRefusedResult(toError(thrown), performance.now() - startedAt);
    }
    const reading = toReading(deps, asking);
    round.reader = createRoundReader({ ...reading, target });
    round.sink = createRoundSink(target, round.reader);
    const body = { kind: "whole", bytes: toBody(turn, state, reading.isLast) } as const;
    return deps.gateway.forward(
      { ...call, request: { ...call.request, body } },
      { ...options, sink: round.sink },
    );
  };
  const { announce, signal } = turn;
  const answer = { signal, sink: nobody, announce: isFirst ? announce : () => {} };
  const outcome = await deps.forward.forward(toIncoming(deps, turn, state), answer, ask);
  state.attempts += outcome.attempts;
  return outcome.error;
}

/** Takes nothing: each round is told to a sink of its own. */
const nobody = { head() {}, write: () => true, onDrain() {}, end() {}, cut() {} };

function toReading(
  { roundsMax }: Pick<RoundsDeps, "roundsMax">,
  { turn, state }: Pick<Asking, "turn" | "state">,
) {
  const own = new Set(state.offered.map(({ name }) => name));
  const tools: ToolOwners = { own, hasCallersTools: turn.request.toolsJson !== "" };
  return {
    soFar: turn.soFar,
    tools: own.size === 0 ? undefined : tools,
    isLast: state.round >= roundsMax,
  };
}

function toIncoming(deps: RoundsDeps, turn: VoiceTurn, state: State): IncomingCall {
  const { incoming, request, fields, face, notes } = turn;
  const headers = { ...incoming.request.headers, "content-type": "application/json" };
  const isFirst = state.round === 0;
  const isLast = state.round >= deps.roundsMax;
  const bytes = isFirst ? request.toBytes({ fields }) : toBody(turn, state, isLast);
  const id = isFirst ? incoming.request.id : deps.newRequestId();
  const body = { kind: "whole", bytes } as const;
  const received = isFirst ? { ...incoming.request, headers } : { ...incoming.request, headers, id, body };
  const more = isFirst ? notes : { ...notes, requestId: incoming.request.id, round: state.round + 1 };
  return {
    ...incoming,
    request: { id, method: "POST", path: "/chat/completions", headers, body },
    received: {
      request: received,
      // What is found while it is prepared is told as well.
      get voice() {
        return toVoiceRecord(face, request.body, isFirst ? notes : more);
      },
    },
  };
}

function toBody(
  { request, fields }: VoiceTurn,
  { messages, offered, round }: State,
  isLast: boolean,
): Buffer {
  const own = isLast ? [] : offered.map((tool) => JSON.stringify(toWireTool(tool)));
  const callers = request.toolsJson === "" ? [] : [request.toolsJson];
  const tools = offered.length === 0 ? {} : { tools: toList([...callers, ...own]) };
  const { tool_choice: choice } = request.body;
  // Whoever has to call something would never come to an answer.
  const isForced = choice === "required" || (typeof choice === "object" && choice !== null);
  const isDropped = (round > 0 && isForced) || (isLast && callers.length === 0);
  return request.toBytes({
    messages,
    fields: { ...fields, ...tools, ...(offered.length > 0 && isDropped && { tool_choice: undefined }) },
  });
}

const toList = (members: readonly string[]): string | undefined =>
  members.length === 0 ? undefined : `[${members.join(",")}]`;

type Ended = {
  readonly calls: ReturnType<RoundReader["calls"]>;
  readonly text: string;
  readonly end: Omit<RoundsEnd, "attempts">;
};

function readEnd(
  { reader, sink }: Round,
  given: { turn: VoiceTurn; state: State; roundsMax: number; error: DomainError | undefined },
): Ended {
  const { turn, error } = given;
  const answered = sink?.isCut === true ? undefined : sink?.whole;
  const isErrorTold = reader?.hasFailed ?? false;
  const end = { error, whole: answered, isErrorTold };
  if (error !== undefined || isErrorTold) return { calls: [], text: "", end };
  if (answered === undefined) return { calls: reader?.calls() ?? [], text: reader?.text ?? "", end };
  const whole = answered.status === 200 ? readWholeRound(answered.body, toReading(given, given)) : undefined;
  if (whole === undefined) return { calls: [], text: "", end };
  if (turn.request.isStreamed) return { calls: [], text: "", end };
  const told = whole.body === undefined ? answered : withBody(answered, whole.body);
  return { calls: whole.calls, text: whole.text, end: { ...end, whole: told } };
}

function withBody({ status, headers }: WholeAnswer, body: Buffer): WholeAnswer {
  const { "content-length": _, etag: __, ...kept } = headers;
  return { status, headers: { ...kept, "content-length": String(body.length) }, body };
}

function toError(thrown: unknown): DomainError {
  const error = findDomainError(thrown);
  if (error !== undefined) return error;
  const isAbort = thrown instanceof Error && thrown.name === "AbortError";
  return isAbort ? new DomainError("cancelled") : new DomainError("internal", undefined, { cause: thrown });
}
