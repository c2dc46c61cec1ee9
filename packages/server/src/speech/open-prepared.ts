import type { CallAnswer, ForwardService, IncomingCall } from "../forward/forward-service.ts";
import { speakVerbatim } from "../voice/speak-verbatim.ts";
import type { VoiceRequest } from "../voice/voice-request.ts";
import type { PreparedAnswer, PreparedSpeech } from "./ports.ts";
import type { SpeechPart } from "./to-pieces.ts";

/** What it needs. */
export type OpenPreparedDeps = {
  readonly prepared: PreparedSpeech;
  readonly forward: Pick<ForwardService, "forward">;
  readonly now: () => number;
};

/** The call that is answered. */
export type PreparedCall = {
  readonly incoming: IncomingCall;
  readonly answer: CallAnswer;
  readonly request: VoiceRequest;
};

/**
 * Opens the answer that lies ready; undefined where there is none, or it cannot be read. It is a call like others, with a
 * record and within what its key may ask, though nobody is asked and nothing is paid.
 *
 * @throws DomainError for what the caller may not do.
 */
export async function openPrepared(
  { prepared, forward, now }: OpenPreparedDeps,
  { incoming, answer, request }: PreparedCall,
): Promise<AsyncIterable<SpeechPart> | undefined> {
  const found = await findPrepared(prepared, answer.signal);
  if (found === undefined) return undefined;
  const words = {
    face: "audio",
    incoming,
    request,
    text: found.transcript,
    model: request.model ?? "",
    id: incoming.request.id,
    created: Math.floor(now() / 1000),
    source: { isPrepared: true },
  } as const;
  await speakVerbatim(forward, words, { answer, tell: () => {} });
  return toParts(found);
}

async function findPrepared(
  prepared: PreparedSpeech,
  signal: AbortSignal,
): Promise<PreparedAnswer | undefined> {
  try {
    return await prepared.find(signal);
  } catch (error) {
    // A file that cannot be read is as good as none.
    if (signal.aborted) throw error;
    return undefined;
  }
}

async function* toParts({ transcript, sound }: PreparedAnswer): AsyncGenerator<SpeechPart> {
  yield { type: "words", text: transcript };
  for await (const piece of sound) yield { type: "sound", sound: piece };
}
