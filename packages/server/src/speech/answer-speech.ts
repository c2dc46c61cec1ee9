import { DomainError, findDomainError } from "@llm-backend/contract";
import type { CallAnswer, CallOutcome, ForwardService, IncomingCall } from "../forward/forward-service.ts";
import type { AnswerCall, AnswerText, TakenText } from "../voice/ports.ts";
import { readCall } from "../voice/read-call.ts";
import { findVerbatim } from "../voice/speak-verbatim.ts";
import type { VoiceRequest } from "../voice/voice-request.ts";
import { askAnswer, type AnswerForm, type AskedAnswer } from "./ask-answer.ts";
import {
  audioFields,
  createMuteModels,
  wishSound,
  wishText,
  type AudioWish,
  type MuteModels,
} from "./audio-wish.ts";
import { openPrepared } from "./open-prepared.ts";
import { playPieces } from "./play-pieces.ts";
import type { PreparedSpeech, SpeechClock, SpeechSettings, Synthesiser } from "./ports.ts";
import { speakSentences } from "./speak-sentences.ts";
import { createSpeechOutlet, type SpeechEnding } from "./speech-outlet.ts";
import { toPieces, type SpeechPart } from "./to-pieces.ts";
import { createUpstreamSpeech } from "./upstream-speech.ts";
import { toUsageWords } from "./usage-words.ts";

/** What answers in speech stand on. */
export type SpeechDeps = {
  readonly answerText: AnswerText;
  readonly forward: Pick<ForwardService, "forward" | "noteRefused">;
  readonly prepared: PreparedSpeech;
  /** The built-in one. */
  readonly synthesiser: Synthesiser;
  readonly settings: SpeechSettings;
  readonly newRequestId: () => string;
  readonly clock: SpeechClock;
  /** The time of day, in milliseconds since 1970. */
  readonly now: () => number;
  /** What goes out in front of an answer, as the engine's own kind of chunk; undefined sends none. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** The process ends: whoever is still listening is told so. */
  readonly ending: AbortSignal;
};

/** One call on its way. */
type Call = {
  readonly incoming: IncomingCall;
  readonly answer: CallAnswer;
  readonly request: VoiceRequest;
  readonly mute: MuteModels;
  /** What the record tells beside the engine's fields. */
  readonly notes?: Readonly<Record<string, unknown>>;
  /** The caller has gone. */
  readonly left: AbortSignal;
};

/** What is to be heard, and what is known of it. */
type Speech = {
  readonly parts: AsyncIterable<SpeechPart>;
  /** Undefined for what lies ready. */
  readonly asked: AskedAnswer | undefined;
};

/**
 * Creates what answers in speech: from files, by a model that speaks itself, or as text that is spoken sentence by
 * sentence, by an upstream or here. What fails before any sound has left gives way to the next.
 */
export function createSpeechAnswer(deps: SpeechDeps): AnswerCall {
  const { settings, synthesiser } = deps;
  const mute = createMuteModels(() => deps.clock.now());

  return async (incoming, given) => {
    const { request } = readCall(deps.forward, { face: "audio", incoming, further: audioFields });
    const answer = { ...given, signal: AbortSignal.any([given.signal, deps.ending]) };
    const call: Call = { incoming, answer, request, mute, left: given.signal };
    // It gets ready while the model thinks.
    if (settings.speechModel === undefined) synthesiser.warm?.();
    // What is to be spoken as it is, is no answer that something else could stand in for.
    if (findVerbatim(request) !== undefined) return answerBy(deps, call, wishText(request));
    return (await answerPrepared(deps, call)) ?? (await answerByModel(deps, call));
  };
}

/** A second question of a call has an id of its own: a record, or a line of the ledger, stands under one id once. */
function toSecond({ newRequestId }: SpeechDeps, call: Call): Call {
  const { incoming } = call;
  const request = { ...incoming.request, id: newRequestId() };
  return { ...call, incoming: { ...incoming, request }, notes: { requestId: incoming.request.id } };
}

/** Undefined where nothing lies ready; what could not be read after all gives way to a model. */
async function answerPrepared(deps: SpeechDeps, call: Call): Promise<CallOutcome | undefined> {
  const { signal } = call.answer;
  const parts = await openPrepared(deps, call);
  if (parts === undefined) return undefined;
  const outcome = await play(deps, call, { parts, asked: undefined });
  return outcome.isAnswered || signal.aborted ? outcome : answerByModel(deps, toSecond(deps, call));
}

async function answerByModel(deps: SpeechDeps, call: Call): Promise<CallOutcome> {
  const { request, mute, answer } = call;
  const wish = wishSound(request, deps.settings, mute);
  if (wish === undefined) return answerBy(deps, call, wishText(request));
  const heard = await answerBy(deps, call, wish);
  if (heard.isAnswered || !mayAskForText(heard, answer.signal)) return heard;
  const told = await answerBy(deps, toSecond(deps, call), wishText(request));
  // It was the wish for sound that it failed for.
  if (told.error === undefined) mute.note(request.model ?? "");
  return { ...told, attempts: heard.attempts + told.attempts };
}

/** Whether the same question, without the wish for sound, may have an answer: what we refuse ourselves, we refuse again. */
function mayAskForText({ error }: CallOutcome, signal: AbortSignal): boolean {
  return !signal.aborted && error !== undefined && /^(upstream_|answer_truncated)/.test(error.code);
}

/** Asks, and lets the answer be heard. An answer that is none is told to nobody where text may be asked for instead. */
async function answerBy(deps: SpeechDeps, call: Call, wish: AudioWish): Promise<CallOutcome> {
  const { incoming, answer } = call;
  const leaving = new AbortController();
  const asked = askAnswer(deps.answerText, {
    ...wish,
    incoming,
    notes: call.notes,
    announce: answer.announce,
    signal: AbortSignal.any([answer.signal, leaving.signal]),
  });
  try {
    const form = await asked.form;
    if (form === undefined) return await tellRefusal(call, await asked.taken, wish);
    // Without text there was nothing to say, only a tool to call.
    if (form.type === "text" && wish.soundGraceMs > 0 && asked.ended?.text !== "")
      call.mute.note(call.request.model ?? "");
    return await play(deps, call, { parts: speak(deps, call, form), asked });
  } finally {
    leaving.abort();
  }
}

/** What the caller has to change is told in the upstream's own words. */
async function tellRefusal(
  { answer: { sink } }: Call,
  { refusal, error, attempts }: TakenText,
  wish: AudioWish,
): Promise<CallOutcome> {
  if (refusal === undefined || wish.soundGraceMs > 0) return { error, isAnswered: false, attempts };
  const { status, body } = refusal;
  sink.head(status, { "content-type": "application/json", "content-length": String(body.length) });
  sink.write(body);
  sink.end();
  return { error, isAnswered: true, attempts };
}

function speak(
  { settings, forward, newRequestId, synthesiser }: SpeechDeps,
  { incoming, answer, request }: Call,
  form: AnswerForm,
): AsyncIterable<SpeechPart> {
  if (form.type === "sound") return form.parts;
  const { speechModel, speechVoice, speechFormat, speechRate, language } = settings;
  const asked = (request.body["audio"] ?? {}) as { readonly voice?: unknown };
  const upstream =
    speechModel === undefined
      ? []
      : [
          createUpstreamSpeech({ forward, newRequestId }, incoming, {
            model: speechModel,
            voice: typeof asked.voice === "string" ? asked.voice : speechVoice,
            format: speechFormat,
            rate: speechRate,
          }),
        ];
  const synthesisers = [...upstream, synthesiser];
  return speakSentences(form.sentences, { synthesisers, language, signal: answer.signal });
}

/** Lets something be heard to its end. */
async function play(
  { settings, clock, now, metadata }: SpeechDeps,
  { incoming, answer, request, left }: Call,
  { parts, asked }: Speech,
): Promise<CallOutcome> {
  const { signal } = answer;
  const outlet = createSpeechOutlet({
    answer,
    metadata,
    toEnvelope() {
      const name = incoming.request.id.replace(/^req_/, "");
      const { id, model } = asked?.firstChunk ?? {};
      return {
        id: typeof id === "string" && id !== "" ? id : `chatcmpl-${name}`,
        audioId: `audio_${name}`,
        model: typeof model === "string" && model !== "" ? model : (request.model ?? ""),
        created: Math.floor(now() / 1000),
      };
    },
    toEnding: () => toEnding(asked, request.wantsUsage),
  });
  try {
    await playPieces(toPieces(parts), { outlet, clock, leadMs: settings.leadMs, signal });
    return tell(signal.aborted ? toAborted(left) : undefined);
  } catch (failure) {
    const error = findDomainError(failure) ?? new DomainError("internal", undefined, { cause: failure });
    return tell(signal.aborted ? toAborted(left) : error);
  }

  function tell(error: DomainError | undefined): CallOutcome {
    if (error !== undefined && outlet.isOpen && !left.aborted) outlet.fail(error);
    return { error, isAnswered: outlet.isOpen, attempts: asked?.ended?.attempts ?? 0 };
  }
}

const toAborted = (left: AbortSignal) => new DomainError(left.aborted ? "cancelled" : "shutting_down");

function toEnding(asked: AskedAnswer | undefined, wantsUsage: boolean): SpeechEnding {
  const { finishReason = "stop", usage } = asked?.ended ?? {};
  return {
    finishReason,
    toolDeltas: asked?.toolDeltas ?? [],
    usage: wantsUsage && usage !== undefined ? toUsageWords(usage) : undefined,
  };
}
