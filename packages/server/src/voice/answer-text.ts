import { readUsage } from "@llm-backend/gateway";
import { answerInRounds } from "./answer-rounds.ts";
import type { TakeText, TakenText } from "./ports.ts";
import { speakVerbatim, type VerbatimWords } from "./speak-verbatim.ts";
import { createTextTarget } from "./text-target.ts";
import { newAnswerId, openTurn, openVerbatim, rememberVerbatim } from "./voice-deps.ts";
import type { ReadCall, VoiceDeps } from "./voice-deps.ts";

/**
 * Answers a call that was read, as text.
 *
 * @throws DomainError as long as nothing was told.
 */
export async function answerText(deps: VoiceDeps, call: ReadCall, take: TakeText): Promise<TakenText> {
  const words = openVerbatim(deps, call);
  if (words !== undefined) return answerVerbatim(deps, words, take);
  const target = createTextTarget(take);
  const turn = openTurn(deps, call, {
    signal: take.signal,
    announce: take.announce,
    fields: toJsonFields(take.fields ?? {}),
    notes: take.notes,
  });
  const { soFar } = turn;
  try {
    const { error, whole, attempts } = await answerInRounds(deps.rounds, turn, target);
    return {
      id: target.id ?? newAnswerId(),
      model: soFar.model ?? call.request.model ?? "",
      text: soFar.text,
      finishReason: error === undefined ? soFar.finishReason : undefined,
      usage: readUsage(soFar.usage),
      error,
      refusal: target.isOpen ? undefined : whole,
      attempts,
    };
  } finally {
    await turn.end();
  }
}

async function answerVerbatim(deps: VoiceDeps, words: VerbatimWords, take: TakeText): Promise<TakenText> {
  const { id, model, text } = words;
  const answer = { signal: take.signal, announce: take.announce, sink: nobody };
  const tell = () => {
    if (text !== "") take.onDelta(text);
  };
  const { error } = await speakVerbatim(deps.rounds.forward, words, { answer, tell });
  await rememberVerbatim(deps, words);
  return { id, model, text, finishReason: "stop", usage: undefined, error, refusal: undefined, attempts: 0 };
}

const nobody = { head() {}, write: () => true, onDrain() {}, end() {}, cut() {} };

function toJsonFields(fields: Readonly<Record<string, unknown>>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value === undefined ? undefined : JSON.stringify(value),
    ]),
  );
}
