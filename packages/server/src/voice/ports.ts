import type { DomainError, Usage } from "@llm-backend/contract";
import type { CallAnswer, CallOutcome, IncomingCall } from "../forward/forward-service.ts";

/** What a voice engine can ask for. */
export type VoiceFace = "chat" | "rag" | "audio";

/**
 * Answers one call of a face onto a caller's connection: what the HTTP face calls once it knows who asks and has read
 * the body. The same as `ForwardService.forward`, so that a face does not care who answers.
 *
 * @throws DomainError for what is wrong with the call, as long as nothing has been written to the sink. Everything that
 *   happens after that is in the outcome, and has been told to the caller already.
 */
export type AnswerCall = (incoming: IncomingCall, answer: CallAnswer) => Promise<CallOutcome>;

/** How the text of an answer is taken. */
export type TakeText = {
  /** The caller has gone: whatever is asked is given up at once, in every phase. */
  readonly signal: AbortSignal;
  /** Headers that go with whatever is answered; only before the first piece. */
  readonly announce: CallAnswer["announce"];
  /** Called synchronously for each piece of text that is to be spoken, in order. Must not throw. */
  readonly onDelta: (text: string) => void;
  /**
   * Called for each chunk of the model's answer, before its text is told: for whoever wants more of it than text, such
   * as the sound of a model that speaks itself. Not called for what is spoken as it is. Must not throw.
   */
  readonly onChunk?: (chunk: Readonly<Record<string, unknown>>) => void;
  /** Fields that are asked for in place of the caller's, by their OpenAI names; undefined takes one out. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** What the record of the call tells beside the engine's fields. */
  readonly notes?: Readonly<Record<string, unknown>> | undefined;
};

/** What came of an answer's text. */
export type TakenText = {
  /** The id of the answer, the same in all that is told of it. */
  readonly id: string;
  /** The model that answered, in the upstream's words; what was asked for where none did. */
  readonly model: string;
  /** Everything that was told by `onDelta`, in one piece. */
  readonly text: string;
  /** Undefined where the answer broke off. */
  readonly finishReason: string | undefined;
  /** Of all rounds together. */
  readonly usage: Usage | undefined;
  /** Why there is no answer, or no whole one. An upstream's own refusal is in `refusal` too. */
  readonly error: DomainError | undefined;
  /** The body and status in which an upstream refused, before anything was told. */
  readonly refusal: { readonly status: number; readonly body: Buffer } | undefined;
  /** How many upstreams were asked. */
  readonly attempts: number;
};

/**
 * Answers a call of a voice engine as text, with all that `/chat/completions` does: the engine's fields recorded and
 * taken out, words to be spoken as they are told without asking anybody, own tools run, memory, keys, limits, failover,
 * records. The call's body must ask for a stream (`readVoiceRequest` refuses others for `rag` and `audio`).
 *
 * @throws DomainError before anything is told: `invalid_input`, `model_not_found`, `rate_limited`, `budget_exceeded` …
 */
export type AnswerText = (incoming: IncomingCall, take: TakeText) => Promise<TakenText>;
