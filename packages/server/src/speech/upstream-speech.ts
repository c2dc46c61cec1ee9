import { DomainError } from "@llm-backend/contract";
import type { ForwardSink } from "@llm-backend/gateway";
import type { ForwardService, IncomingCall } from "../forward/forward-service.ts";
import { createArrivals, type Arrivals } from "./arrivals.ts";
import type { SpeakOptions, Sound, Synthesiser } from "./ports.ts";
import { readSound } from "./read-sound.ts";

/** What is asked for at `/audio/speech`. */
export type UpstreamVoice = {
  readonly model: string;
  readonly voice: string;
  readonly format: "pcm" | "wav";
  /** Samples a second of sound that does not say it itself. */
  readonly rate: number;
};

/** What it needs. */
export type UpstreamSpeechDeps = {
  readonly forward: Pick<ForwardService, "forward">;
  readonly newRequestId: () => string;
};

/** So many pieces of what comes are kept while nobody takes them. */
const waitingMax = 64;

/**
 * Creates a synthesiser that asks upstreams for the sound of each sentence, in the name of one caller: each is a call of
 * its own, with its record and its price.
 */
export function createUpstreamSpeech(
  { forward, newRequestId }: UpstreamSpeechDeps,
  { access, address, request }: IncomingCall,
  voice: UpstreamVoice,
): Synthesiser {
  return {
    async *speak(text: string, { signal }: SpeakOptions): AsyncGenerator<Sound> {
      const leaving = new AbortController();
      const received = receive();
      const asked = forward.forward(
        { access, address, request: { id: newRequestId(), ...toQuestion(request, text, voice) } },
        { signal: AbortSignal.any([signal, leaving.signal]), sink: received.sink, announce: () => {} },
      );
      asked.then(
        ({ error }) => {
          if (error === undefined) received.bytes.end();
          else received.bytes.fail(error);
        },
        (error: unknown) => received.bytes.fail(error),
      );
      try {
        yield* readSound(received.bytes, voice.rate);
      } finally {
        leaving.abort();
      }
    },
  };
}

function toQuestion(
  { headers }: IncomingCall["request"],
  text: string,
  { model, voice, format }: UpstreamVoice,
) {
  const bytes = Buffer.from(JSON.stringify({ model, input: text, voice, response_format: format }));
  return {
    method: "POST",
    path: "/audio/speech",
    // Some upstreams are meant to have the caller's own key.
    headers: { "content-type": "application/json", authorization: headers["authorization"] },
    body: { kind: "whole", bytes },
  } as const;
}

/** Takes an answer of bytes, as fast as its reader does. */
function receive(): { readonly sink: ForwardSink; readonly bytes: Arrivals<Uint8Array> } {
  let goOn = () => {};
  let isFull = false;
  let isSound = false;
  const bytes = createArrivals<Uint8Array>({
    onTaken() {
      if (!isFull) return;
      isFull = false;
      goOn();
    },
  });
  const sink: ForwardSink = {
    head(status, headers) {
      const type = String(headers["content-type"] ?? "");
      isSound = status < 300 && !/json|text|html|mpeg|mp3|ogg|opus|aac|flac|webm/i.test(type);
      if (!isSound)
        bytes.fail(new DomainError("upstream_unavailable", "The upstream sent no sound that can be played."));
    },
    write(piece) {
      // What the gateway writes may be a view of memory that it uses again.
      if (isSound) bytes.push(Uint8Array.from(piece));
      isFull = bytes.waiting >= waitingMax;
      return !isFull;
    },
    onDrain: (listener) => void (goOn = listener),
    end: () => {},
    cut: () => bytes.fail(new DomainError("answer_truncated")),
  };
  return { sink, bytes };
}
