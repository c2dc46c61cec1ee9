import { DomainError } from "@llm-backend/contract";
import type { CallAnswer, IncomingCall } from "../forward/forward-service.ts";
import { readFirstDelta } from "../voice/first-delta.ts";
import type { AnswerText, TakenText } from "../voice/ports.ts";
import { createArrivals } from "./arrivals.ts";
import { createModelSoundReader, modelSoundRate } from "./model-sound.ts";
import { createSentenceFeed } from "./sentence-feed.ts";
import type { SpeechPart } from "./to-pieces.ts";

type Fields = Readonly<Record<string, unknown>>;

/** How an answer is asked for. */
export type Asking = {
  readonly incoming: IncomingCall;
  readonly signal: AbortSignal;
  readonly announce: CallAnswer["announce"];
  /** Fields in place of the caller's. */
  readonly fields: Fields;
  /** What the record tells beside the engine's fields. */
  readonly notes: Fields | undefined;
  /** How long the model's own sound is waited for when text comes without it; 0 expects none. */
  readonly soundGraceMs: number;
};

/** An answer on its way. */
export type AskedAnswer = {
  /**
   * How it comes, as soon as that shows: as the model's own sound, or as text to be spoken. Undefined for an answer that
   * failed before anything of it came.
   */
  readonly form: Promise<AnswerForm | undefined>;
  /** Resolves with its end. @throws DomainError for a call that was not let in. */
  readonly taken: Promise<TakenText>;
  /** The same when it has ended. */
  readonly ended: TakenText | undefined;
  /** The first chunk of the model's. */
  readonly firstChunk: Fields | undefined;
  /** Calls of tools among its chunks, as the model wrote them. */
  readonly toolDeltas: readonly Fields[];
};

/** What an answer is made of. Both end with the answer, and fail where it broke off. */
export type AnswerForm =
  | { readonly type: "sound"; readonly parts: AsyncIterable<SpeechPart> }
  | { readonly type: "text"; readonly sentences: AsyncIterable<string> };

/** A model may be so much faster than its own speech, in seconds. */
const soundSecondsMax = 1800;
const soundSamplesMax = soundSecondsMax * modelSoundRate;

/** Asks for an answer, and finds out whether it comes as sound. */
export function askAnswer(answerText: AnswerText, asking: Asking): AskedAnswer {
  const form = Promise.withResolvers<AnswerForm | undefined>();
  const collector = createCollector(asking, (is) => form.resolve(is));
  let ended: TakenText | undefined;
  let firstChunk: Fields | undefined;
  const toolDeltas: Fields[] = [];

  const taken = answerText(asking.incoming, {
    signal: asking.signal,
    announce: asking.announce,
    fields: asking.fields,
    notes: asking.notes,
    onDelta: (text) => collector.takeText(text),
    onChunk(chunk) {
      firstChunk ??= chunk;
      const delta = readFirstDelta(chunk);
      if (delta !== undefined && Array.isArray(delta["tool_calls"])) toolDeltas.push(delta);
      collector.takeChunk(chunk);
    },
  });
  taken.then(
    (text) => {
      ended = text;
      collector.end(text.error);
    },
    (error: unknown) => collector.end(error),
  );
  return {
    form: form.promise,
    taken,
    get ended() {
      return ended;
    },
    get firstChunk() {
      return firstChunk;
    },
    toolDeltas,
  };
}

type Decide = (form: AnswerForm | undefined) => void;

/** Keeps what comes until it shows what it is, and passes it on from then. */
function createCollector({ soundGraceMs }: Asking, decide: Decide) {
  const readModelSound = createModelSoundReader();
  const feed = createSentenceFeed();
  const parts = createArrivals<SpeechPart>();
  let decided: AnswerForm["type"] | undefined = soundGraceMs > 0 ? undefined : "text";
  let heldText = "";
  let hasText = false;
  let hasTranscript = false;
  let samples = 0;
  let timer: NodeJS.Timeout | undefined;

  const beSound = () => {
    if (decided === "sound") return;
    clearTimeout(timer);
    decided = "sound";
    decide({ type: "sound", parts });
  };
  const beText = () => {
    clearTimeout(timer);
    decided = "text";
    feed.push(heldText);
    decide({ type: "text", sentences: feed.sentences });
  };

  return {
    takeText(text: string): void {
      if (decided === "text") {
        if (!hasText) decide({ type: "text", sentences: feed.sentences });
        feed.push(text);
      } else if (decided === "sound") {
        if (!hasTranscript) parts.push({ type: "words", text });
      } else {
        heldText += text;
        if (Number.isFinite(soundGraceMs)) timer ??= setTimeout(beText, soundGraceMs);
      }
      hasText = true;
    },
    takeChunk(chunk: Fields): void {
      if (decided === "text") return;
      const heard = readModelSound(chunk);
      if (heard === undefined) return;
      beSound();
      samples += heard.samples.length;
      if (samples > soundSamplesMax)
        return parts.fail(new DomainError("answer_truncated", "The answer is longer than can be spoken."));
      if (heard.transcript !== undefined) {
        hasTranscript = true;
        parts.push({ type: "words", text: heard.transcript });
      } else if (!hasTranscript && heldText !== "") parts.push({ type: "words", text: heldText });
      heldText = "";
      if (heard.samples.length > 0)
        parts.push({ type: "sound", sound: { rate: modelSoundRate, samples: heard.samples } });
    },
    end(error: unknown): void {
      const source = decided === "sound" ? parts : feed;
      if (decided === undefined && heldText !== "") beText();
      if (error === undefined) source.end();
      else source.fail(error);
      // An answer may be empty: it is one of text, then.
      decide(error === undefined ? { type: "text", sentences: feed.sentences } : undefined);
    },
  };
}
