import { DomainError, findDomainError } from "@llm-backend/contract";
import { toRefusedResult, type Gateway } from "@llm-backend/gateway";
import type { AnswerAdmitted, ForwardService } from "../forward/forward-service.ts";
import type { AnswerTarget } from "./answer-target.ts";
import type { OwnTools, ToolCaller } from "./own-tools.ts";
import { toBody, toIncoming, type RoundsState } from "./round-question.ts";
import { createRoundReader, type RoundReader } from "./round-reader.ts";
import { createRoundSink, type RoundSink, type WholeAnswer } from "./round-sink.ts";
import type { ToolOwners } from "./tool-sorter.ts";
import type { VoiceTurn } from "./voice-turn.ts";
import { readWholeRound } from "./whole-round.ts";

/** What rounds stand on. */
export type RoundsDeps = {
  readonly forward: Pick<ForwardService, "forward">;
  readonly gateway: Pick<Gateway, "forward">;
  readonly tools: OwnTools;
  readonly roundsMax: number;
  readonly newRequestId: () => string;
};

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
  const state: RoundsState = { messages: [], offered: [], attempts: 0, round: 0 };
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
  readonly state: RoundsState;
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
    const reading = toReading({ ...asking, roundsMax: deps.roundsMax });
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

type Reading = Pick<Asking, "turn" | "state"> & Pick<RoundsDeps, "roundsMax">;

function toReading({ roundsMax, turn, state }: Reading) {
  const own = new Set(state.offered.map(({ name }) => name));
  const tools: ToolOwners = { own, hasCallersTools: turn.request.toolsJson !== "" };
  return {
    soFar: turn.soFar,
    tools: own.size === 0 ? undefined : tools,
    isLast: state.round >= roundsMax,
  };
}

type Ended = {
  readonly calls: ReturnType<RoundReader["calls"]>;
  readonly text: string;
  readonly end: Omit<RoundsEnd, "attempts">;
};

function readEnd(round: Round, given: Reading & { readonly error: DomainError | undefined }): Ended {
  const { reader, sink } = round;
  const whole = sink?.isCut === true ? undefined : sink?.whole;
  const isErrorTold = reader?.hasFailed ?? false;
  const end = { error: given.error, whole, isErrorTold };
  if (given.error !== undefined || isErrorTold) return { ...noCalls, end };
  if (whole !== undefined) return readWhole(whole, given);
  return reader === undefined ? { ...noCalls, end } : { calls: reader.calls(), text: reader.text, end };
}

const noCalls = { calls: [], text: "" };

/** What came in one piece: an answer that was asked for so, or whatever an upstream says instead of a stream. */
function readWhole(whole: WholeAnswer, given: Reading): Ended {
  const end = { error: undefined, whole, isErrorTold: false };
  const isAnswer = whole.status === 200 && !given.turn.request.isStreamed;
  const read = isAnswer ? readWholeRound(whole.body, toReading(given)) : undefined;
  if (read === undefined) return { ...noCalls, end };
  const told = read.body === undefined ? whole : withBody(whole, read.body);
  return { calls: read.calls, text: read.text, end: { ...end, whole: told } };
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
