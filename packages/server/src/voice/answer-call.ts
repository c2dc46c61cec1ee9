import type { CallAnswer, CallOutcome } from "../forward/forward-service.ts";
import { answerInRounds, type RoundsEnd } from "./answer-rounds.ts";
import { createStreamTarget, type StreamTarget } from "./answer-target.ts";
import { speakVerbatim, tellVerbatim, tellVerbatimWhole, type VerbatimWords } from "./speak-verbatim.ts";
import { newAnswerId, openTurn, openVerbatim, rememberVerbatim } from "./voice-deps.ts";
import type { OpenTurn, ReadCall, VoiceDeps } from "./voice-deps.ts";

/**
 * Answers a call that was read, to its caller's connection.
 *
 * @throws DomainError as long as nothing was written.
 */
export async function answerCall(deps: VoiceDeps, call: ReadCall, answer: CallAnswer): Promise<CallOutcome> {
  const { metadata } = deps.prepare.settings;
  const words = openVerbatim(deps, call);
  // What goes out before the model's first chunk has its id: then it is ours for all of them.
  const id = words?.id ?? (metadata === undefined ? undefined : newAnswerId());
  const model = call.request.model ?? deps.prepare.settings.model ?? "";
  const target = createStreamTarget(answer.sink, { metadata, id, newId: newAnswerId, model });
  if (words !== undefined) return answerVerbatim(deps, words, { answer, target });
  const turn = openTurn(deps, call, { signal: answer.signal, announce: answer.announce, fields: {} });
  try {
    const end = await answerInRounds(deps.rounds, turn, target);
    return tellEnd(turn, end, { answer, target });
  } finally {
    await turn.end();
  }
}

type Line = { readonly answer: CallAnswer; readonly target: StreamTarget };

async function answerVerbatim(
  deps: VoiceDeps,
  words: VerbatimWords,
  { answer, target }: Line,
): Promise<CallOutcome> {
  const { request } = words;
  const outcome = await speakVerbatim(deps.rounds.forward, words, {
    answer,
    tell: () => (request.isStreamed ? tellVerbatim(words, target) : tellVerbatimWhole(words, answer.sink)),
  });
  await rememberVerbatim(deps, words);
  return outcome;
}

/** Ends the caller's answer as it has ended. */
function tellEnd(turn: OpenTurn, end: RoundsEnd, { answer, target }: Line): CallOutcome {
  const { error, whole, attempts } = end;
  if (whole !== undefined && !target.isOpen) {
    const { status, headers, body } = whole;
    answer.sink.head(status, headers);
    answer.sink.write(body);
    answer.sink.end();
    return { error, isAnswered: true, attempts };
  }
  if (!target.isOpen && error !== undefined) return { error, isAnswered: false, attempts };
  if (end.isErrorTold) answer.sink.end();
  else if (error !== undefined) target.fail(error);
  else {
    tellUsage(turn, target);
    target.finish();
  }
  return { error, isAnswered: true, attempts };
}

/** Where an answer may have several rounds, the tokens of all of them are told at its end. */
function tellUsage({ soFar, request }: OpenTurn, target: StreamTarget): void {
  if (!soFar.isUsageHeld || soFar.usage === undefined || !request.wantsUsage) return;
  const created = Math.floor(Date.now() / 1000);
  const { id } = target;
  const object = "chat.completion.chunk";
  target.tell({ id, object, created, model: soFar.model, choices: [], usage: soFar.usage });
}
