import type { NewId } from "../identity/new-id.ts";
import type { AnswerCall } from "../voice/ports.ts";
import { createSpeechAnswer, type SpeechDeps } from "./answer-speech.ts";
import type { PreparedSpeech, SpeechSettings, Synthesiser } from "./ports.ts";
import { speechClock } from "./speech-clock.ts";
import { defaultSpeechSettings, noSynthesiser, nothingPrepared } from "./speech-settings.ts";

/** The calls of voice engines that are answered in speech. */
export type SpeechService = {
  readonly answer: AnswerCall;
  /** Ends the answers that are still heard; each is told why. */
  end(): void;
};

/** Where sound comes from without an upstream; what is missing, there is not. */
export type SpeechParts = {
  /** Answers that lie ready. */
  readonly prepared?: PreparedSpeech;
  readonly synthesiser?: Synthesiser;
};

/** What the service stands on. */
export type SpeechServiceDeps = Pick<SpeechDeps, "answerText" | "forward" | "now" | "metadata"> & {
  readonly newId: NewId;
  readonly parts: SpeechParts | undefined;
  readonly settings: Partial<SpeechSettings> | undefined;
};

/** Creates the service. */
export function createSpeechService({ parts, settings, newId, ...deps }: SpeechServiceDeps): SpeechService {
  const ending = new AbortController();
  const answer = createSpeechAnswer({
    ...deps,
    ending: ending.signal,
    prepared: parts?.prepared ?? nothingPrepared,
    synthesiser: parts?.synthesiser ?? noSynthesiser,
    settings: { ...defaultSpeechSettings, ...settings },
    newRequestId: () => newId.text("req"),
    clock: speechClock,
  });
  return { answer, end: () => ending.abort() };
}
