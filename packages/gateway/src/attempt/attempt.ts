import type { AnswerLimits } from "../answer/answer-format.ts";
import { toAnswerFailure, toStreamFailure } from "../failure/answer-failure.ts";
import { toFailure, type Failure } from "../failure/failure.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import type { Secrets } from "../failure/scrub.ts";
import { toTransportFailure, type ExchangePhase } from "../failure/transport-failure.ts";
import type { Slot } from "../pool/pool.ts";
import type { AnswerReceiver } from "./answer-receiver.ts";
import { AttemptClock, type Stage } from "./attempt-clock.ts";
import type { AttemptResult, AttemptTimes } from "./attempt-result.ts";
import { isComplete, stageFailures, toIncomplete } from "./attempt-verdict.ts";
import type { Connections, WireRequest } from "./connections.ts";
import { ErrorBody } from "./error-body.ts";
import { Exchange, type ExchangeListener } from "./exchange.ts";
import { UploadBody } from "./upload-body.ts";

/** The limits of an attempt. */
export type AttemptLimits = AnswerLimits & {
  /** From the start to the end of the answer, whatever the clocks of the stages say. */
  readonly answerMsMax: number;
};

/** One question to one candidate. */
export type AttemptInput = {
  readonly slot: Pick<Slot, "upstream" | "key" | "model" | "clocks"> & Partial<Pick<Slot, "began">>;
  readonly request: WireRequest;
  readonly limits: AttemptLimits;
  readonly receiver: AnswerReceiver;
};

/** How long a complete answer waits for `[DONE]` or the end of the body, with the usage before it. */
const tailMsMax = 5000;

/** The answer is understood as far as it came; `start` begins, the promise resolves once, `cancel` ends it at once. */
export class Attempt implements ExchangeListener {
  readonly ended: Promise<AttemptResult>;
  readonly #resolve: (result: AttemptResult) => void;
  readonly #input: AttemptInput;
  readonly #exchange: Exchange;
  readonly #clock: AttemptClock;
  readonly #startedAt = performance.now();
  readonly #times: AttemptTimes = {
    connectMs: undefined,
    firstByteMs: undefined,
    firstTokenMs: undefined,
    totalMs: 0,
  };
  #status: number | undefined;
  #errorBody: ErrorBody | undefined;
  #isBodyRead = false;
  #isPaused = false;
  #isEnded = false;

  constructor(connections: Connections, input: AttemptInput) {
    const { promise, resolve } = Promise.withResolvers<AttemptResult>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#input = input;
    this.#exchange = new Exchange(connections, input.request, this);
    this.#clock = new AttemptClock(input.slot.clocks, (stage) => this.#expire(stage));
  }

  start(): void {
    this.#clock.enter("connectMs");
    this.#exchange.start();
  }

  /** Closes the socket and ends the attempt with this failure, unless it has ended. */
  cancel(failure: Failure): void {
    this.#end(failure);
  }

  /** Reads no more until `resume`; no clock runs meanwhile. */
  pause(): void {
    if (this.#isEnded || this.#isPaused) return;
    this.#isPaused = true;
    this.#exchange.pause();
    this.#clock.pause();
  }

  resume(): void {
    if (this.#isEnded || !this.#isPaused) return;
    this.#isPaused = false;
    this.#clock.restart();
    this.#exchange.resume();
  }

  onConnected(): void {
    this.#times.connectMs = this.#elapsed();
    this.#clock.enter(this.#input.receiver.headStage);
  }

  onHead(status: number, headers: AnswerHeaders): void {
    this.#times.firstByteMs = this.#elapsed();
    this.#status = status;
    this.#clock.enter("firstTokenMs");
    if (status < 200 || status > 299) {
      this.#errorBody = new ErrorBody(status, headers);
      // Whatever a redirect says is not followed, and not read.
      if (status < 400) this.#end(this.#toAnswerFailure(this.#errorBody));
      return;
    }
    const failure = this.#input.receiver.head(status, headers);
    if (failure !== undefined) this.#end(failure);
  }

  onData(bytes: Uint8Array): void {
    if (this.#errorBody !== undefined) {
      if (!this.#errorBody.add(bytes)) this.#end(this.#toAnswerFailure(this.#errorBody));
      return;
    }
    this.#pass(bytes);
    this.#judge();
  }

  onEnd(): void {
    this.#isBodyRead = true;
    if (this.#errorBody !== undefined) return this.#end(this.#toAnswerFailure(this.#errorBody));
    this.#pass(undefined);
    this.#judge();
    this.#end(
      isComplete(this.#input.receiver.progress) ? undefined : toIncomplete(this.#input.receiver.progress),
    );
  }

  onFailure(error: Error, phase: ExchangePhase): void {
    this.#breakOff(toTransportFailure(error, phase));
  }

  /** A stage took too long, unless it was the caller who took the time. */
  #expire(stage: Stage): void {
    const { request, receiver, slot } = this.#input;
    const isUpload = stage === receiver.headStage && request.body instanceof UploadBody;
    const leftMs = isUpload ? request.body.leftMs(slot.clocks[stage]) : 0;
    if (leftMs > 0) this.#clock.restart(leftMs);
    else this.#breakOff(stageFailures[stage]);
  }

  /** The body will not end as its framing said. */
  #breakOff(failure: Failure): void {
    if (this.#errorBody !== undefined) return this.#end(this.#toAnswerFailure(this.#errorBody));
    // A reason that comes with a piece of text may come with every piece: it proves nothing by itself.
    const { finishStoodAlone } = this.#input.receiver.progress;
    this.#end(isComplete(this.#input.receiver.progress) && finishStoodAlone ? undefined : failure);
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  #toAnswerFailure({ status, headers, text }: ErrorBody): Failure {
    return toAnswerFailure({ status, headers, body: text }, this.#secrets());
  }

  #secrets(): Secrets {
    const { key, upstream } = this.#input.slot;
    return { key, host: upstream.endpoint.host };
  }

  /** Hands bytes on, or their end; a receiver that throws ends the attempt, since the answer cannot be delivered. */
  #pass(bytes: Uint8Array | undefined): void {
    if (this.#isEnded) return;
    const { receiver } = this.#input;
    try {
      if (bytes === undefined) receiver.end();
      else receiver.read(bytes);
    } catch (cause) {
      const failure = toFailure("cancelled", "internal", "the receiver of the answer failed");
      this.#end({ ...failure, final: true, cause });
      return;
    }
    // Whoever was told may have ended the attempt.
    if (this.#isEnded || this.#times.firstTokenMs !== undefined || !receiver.progress.hasContent) return;
    this.#times.firstTokenMs = this.#elapsed();
    this.#input.slot.began?.(this.#times.firstTokenMs);
    if (!this.#isPaused) this.#clock.enter("idleMs");
  }

  /** Decides after a read whether the answer goes on. */
  #judge(): void {
    if (this.#isEnded) return;
    const { receiver } = this.#input;
    const { fault, isDone } = receiver.progress;
    if (receiver.failure !== undefined) this.#end(receiver.failure);
    else if (fault !== undefined) {
      const { error, outcome, message } = fault;
      const isSaid = error !== undefined;
      this.#end(
        isSaid
          ? toStreamFailure(error, this.#secrets())
          : toFailure(outcome, "upstream_unavailable", message),
      );
    } else if (isDone)
      this.#end(
        isComplete(this.#input.receiver.progress) ? undefined : toIncomplete(this.#input.receiver.progress),
      );
    else this.#goOn(performance.now());
  }

  #goOn(now: number): void {
    if (now - this.#startedAt > this.#input.limits.answerMsMax)
      this.#end(toFailure("too_large", "upstream_unavailable", "the answer takes too long"));
    else if (!this.#isPaused) this.#waitOn(now);
  }

  /** Sets the clock for what is still to come. */
  #waitOn(now: number): void {
    const { hasContent, finishReason, finishStoodAlone } = this.#input.receiver.progress;
    if (finishReason !== undefined && finishStoodAlone) {
      this.#clock.enter("idleMs", now);
      this.#clock.restart(Math.min(tailMsMax, this.#input.slot.clocks.idleMs), now);
    } else if (hasContent) this.#clock.restart(undefined, now);
  }

  /** What is left of a complete answer's body is read off; anything else closes the socket. */
  #leave(isWhole: boolean): void {
    if (isWhole) this.#exchange.release();
    else this.#exchange.abort();
  }

  /** Ends the attempt, once. */
  #end(failure: Failure | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#clock.stop();
    if (failure === undefined) this.#input.receiver.complete?.();
    if (!this.#isBodyRead) this.#leave(failure === undefined && this.#input.receiver.progress.isDone);
    this.#times.totalMs = this.#elapsed();
    const { progress } = this.#input.receiver;
    this.#resolve({
      failure,
      finishReason: progress.finishReason ?? "stop",
      model: progress.model ?? this.#input.slot.model,
      usage: progress.usage,
      framesMalformed: progress.framesMalformed,
      hasContent: progress.hasContent,
      status: failure?.status ?? this.#status,
      times: this.#times,
    });
  }
}
