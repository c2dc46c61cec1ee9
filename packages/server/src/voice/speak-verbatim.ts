import type { ForwardResult, ForwardSink } from "@llm-backend/gateway";
import type {
  AnswerAdmitted,
  CallAnswer,
  CallOutcome,
  ForwardService,
  IncomingCall,
} from "../forward/forward-service.ts";
import type { StreamTarget } from "./answer-target.ts";
import { toVoiceRecord } from "./engine-fields.ts";
import type { VoiceFace } from "./ports.ts";
import type { VoiceRequest } from "./voice-request.ts";

/** Words that are to be spoken as they are. */
export type VerbatimWords = {
  readonly face: VoiceFace;
  readonly incoming: IncomingCall;
  readonly request: VoiceRequest;
  readonly text: string;
  readonly model: string;
  readonly id: string;
  /** In seconds since 1970. */
  readonly created: number;
  /** What the record says of where the words come from. @default that they are the caller's own */
  readonly source?: Readonly<Record<string, unknown>>;
};

const nothingUsed = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

/** The words to be spoken as they are, where the engine wants that: those of the assistant in the last message. */
export function findVerbatim({ messages }: VoiceRequest): string | undefined {
  const last = messages.at(-1);
  return last?.role === "assistant" && !last.isOfTools ? last.text : undefined;
}

/**
 * Answers with the words themselves. It is a call like others, with a record and within what its key may ask in a
 * minute, but nobody is asked, and nothing is paid.
 *
 * @throws DomainError for what the caller may not do.
 */
export function speakVerbatim(
  forward: Pick<ForwardService, "forward">,
  words: VerbatimWords,
  given: { answer: CallAnswer; tell: () => void },
): Promise<CallOutcome> {
  const { incoming, request, face } = words;
  const { access } = incoming;
  const ask: AnswerAdmitted = (_call, { textCharsMax }) => {
    const startedAt = performance.now();
    given.tell();
    return Promise.resolve(toResult(words, { textCharsMax, startedAt }));
  };
  return forward.forward(
    {
      ...incoming,
      // Without a price there is nothing to hold back.
      access: { ...access, limits: access.limits && { ...access.limits, budget: null } },
      request: {
        ...incoming.request,
        method: "POST",
        path: "/chat/completions",
        body: { kind: "whole", bytes: request.toBytes() },
      },
      received: {
        request: incoming.request,
        voice: toVoiceRecord(face, request.body, words.source ?? { isVerbatim: true }),
      },
    },
    given.answer,
    ask,
  );
}

function toResult(
  { text, model }: VerbatimWords,
  { textCharsMax, startedAt }: { textCharsMax: number; startedAt: number },
): ForwardResult {
  const ms = performance.now() - startedAt;
  return {
    isAnswered: true,
    status: 200,
    error: undefined,
    upstream: undefined,
    upstreamId: undefined,
    model,
    finishReason: "stop",
    usage: undefined,
    text: text.slice(0, textCharsMax),
    textChars: text.length,
    attempts: [],
    firstByteMs: ms,
    totalMs: ms,
  };
}

/** Tells the words as a stream. */
export function tellVerbatim(
  { text, model, id, created, request }: VerbatimWords,
  target: StreamTarget,
): void {
  const base = { id, object: "chat.completion.chunk", created, model };
  const tell = (delta: object, reason: string | null = null) =>
    target.tell({ ...base, choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }] });
  tell({ role: "assistant", content: "" });
  tell({ content: text });
  tell({}, "stop");
  if (request.wantsUsage) target.tell({ ...base, choices: [], usage: nothingUsed });
  target.finish();
}

/** Tells the words in one piece. */
export function tellVerbatimWhole({ text, model, id, created }: VerbatimWords, sink: ForwardSink): void {
  const message = { role: "assistant", content: text, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
  const answer = { id, object: "chat.completion", created, model, choices, usage: nothingUsed };
  const body = Buffer.from(JSON.stringify(answer));
  sink.head(200, { "content-type": "application/json", "content-length": String(body.length) });
  sink.write(body);
  sink.end();
}
