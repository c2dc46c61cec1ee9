import type { DomainError } from "@llm-backend/contract";
import { toErrorFrame, toStreamHeaders } from "@llm-backend/gateway";
import type { CallAnswer } from "../forward/forward-service.ts";
import type { PieceOutlet } from "./play-pieces.ts";
import { createSpeechFrames, doneFrame, type SpeechEnvelope, type SpeechFrames } from "./speech-frames.ts";

/** How a spoken answer ends. */
export type SpeechEnding = {
  readonly finishReason: string;
  /** Calls of the caller's own tools, as deltas. */
  readonly toolDeltas: readonly Readonly<Record<string, unknown>>[];
  /** In OpenAI's words; undefined where it was not asked for, or is not known. */
  readonly usage: Readonly<Record<string, unknown>> | undefined;
};

/** The caller's end of a spoken answer. */
export type SpeechOutlet = PieceOutlet & {
  /** Something has been written: what comes now cannot be taken back. */
  readonly isOpen: boolean;
  /** Tells why the answer is not whole, and ends it. */
  fail(error: DomainError): void;
};

/** What it needs to know of the answer; both are asked for when they are needed first. */
export type OutletOptions = {
  readonly answer: CallAnswer;
  /** What goes out in front of the answer, as the engine's own kind of chunk. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly toEnvelope: () => SpeechEnvelope;
  readonly toEnding: () => SpeechEnding;
};

/** Creates it; the head goes out with the first sound. */
export function createSpeechOutlet({ answer, metadata, toEnvelope, toEnding }: OutletOptions): SpeechOutlet {
  const { sink, signal } = answer;
  let frames: SpeechFrames | undefined;
  let onDrained = () => {};
  sink.onDrain(() => onDrained());
  signal.addEventListener("abort", () => onDrained(), { once: true });

  function open(): SpeechFrames {
    sink.head(200, toStreamHeaders({}));
    const opened = createSpeechFrames(toEnvelope());
    if (metadata !== undefined) sink.write(opened.metadata(metadata));
    return opened;
  }

  function end(using: SpeechFrames, bytes: Buffer): void {
    const { finishReason, toolDeltas, usage } = toEnding();
    for (const delta of toolDeltas) sink.write(using.delta(delta));
    sink.write(using.sound(bytes, finishReason));
    if (usage !== undefined) sink.write(using.usage(usage));
    sink.write(doneFrame);
    sink.end();
  }

  return {
    get isOpen() {
      return frames !== undefined;
    },
    async write({ words, bytes }, isLast) {
      frames ??= open();
      if (words !== "") sink.write(frames.words(words));
      if (isLast) return end(frames, bytes);
      const goesOn = sink.write(frames.sound(bytes, undefined));
      if (!goesOn && !signal.aborted) await new Promise<void>((resolve) => (onDrained = resolve));
    },
    fail(error) {
      sink.write(toErrorFrame("chat", error));
      sink.end();
    },
  };
}
