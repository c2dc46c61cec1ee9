import type { AttemptResult } from "../attempt/attempt-result.ts";
import { Attempt, type AttemptLimits } from "../attempt/attempt.ts";
import { createChatReceiver } from "../attempt/chat-receiver.ts";
import type { Connections } from "../attempt/connections.ts";
import { toChatRequest } from "../attempt/wire-request.ts";
import { toFailure, type Failure } from "../failure/failure.ts";
import type { Slot } from "../pool/pool.ts";

/** Whom to ask. */
export type BriefTarget = Pick<Slot, "upstream" | "key" | "model" | "clocks">;

/** What came of a question of a few words. */
export type BriefAnswer = {
  /** The answer came as a stream; undefined when there was none. */
  readonly isStreaming: boolean | undefined;
  readonly firstTokenMs: number | undefined;
  readonly failure: Failure | undefined;
};

const tokensMax = 16;
/** An upstream that does not know how to stop has answered all the same. */
const charsMax = 2000;

const enough: Failure = toFailure("cancelled", "cancelled", "enough");
const cancelled: Failure = toFailure("cancelled", "cancelled", "cancelled");

const limits: AttemptLimits = {
  eventBytesMax: 1024 * 1024,
  answerBytesMax: 1024 * 1024,
  answerMsMax: 60_000,
};

/** OpenAI's newer models know the limit by its newer name alone, everybody else by the older one. */
type LimitName = "max_tokens" | "max_completion_tokens";

function toBody(model: string, limit: LimitName): string {
  const messages = [{ role: "user", content: "Say hello." }];
  return JSON.stringify({ model, messages, stream: true, [limit]: tokensMax });
}

type Asking = { readonly connections: Connections; readonly signal: AbortSignal | undefined };

async function ask(
  { connections, signal }: Asking,
  target: BriefTarget,
  limit: LimitName,
): Promise<{ result: AttemptResult; isStreaming: boolean | undefined }> {
  let chars = 0;
  let isStreaming: boolean | undefined;
  const receiver = createChatReceiver(limits, (parts) => {
    for (const { text } of parts) chars += text.length;
    // Not before the attempt has taken note of what has just come.
    if (chars > charsMax) setImmediate(() => attempt.cancel(enough));
  });
  const attempt = new Attempt(connections, {
    slot: target,
    request: toChatRequest(target, toBody(target.model, limit)),
    limits,
    receiver: {
      ...receiver,
      head(status, headers) {
        isStreaming = String(headers["content-type"]).includes("text/event-stream");
        return receiver.head(status, headers);
      },
    },
  });
  const cancel = (): void => attempt.cancel(cancelled);
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted === true) cancel();
  else attempt.start();
  const result = await attempt.ended;
  signal?.removeEventListener("abort", cancel);
  return { result, isStreaming };
}

/** Asks for a few words, as a stream. Never rejects. */
export async function askBriefly(asking: Asking, target: BriefTarget): Promise<BriefAnswer> {
  let { result, isStreaming } = await ask(asking, target, "max_tokens");
  if (result.failure?.outcome === "rejected" && /max_(completion_)?tokens/.test(result.failure.message))
    ({ result, isStreaming } = await ask(asking, target, "max_completion_tokens"));
  const failure = result.failure === enough ? undefined : result.failure;
  return {
    isStreaming: failure === undefined ? isStreaming : undefined,
    firstTokenMs: result.times.firstTokenMs,
    failure,
  };
}
