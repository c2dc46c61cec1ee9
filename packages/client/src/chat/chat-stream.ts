import { LlmBackendError } from "../error/llm-backend-error.ts";
import { toLlmBackendError } from "../error/to-llm-backend-error.ts";
import type { RetryOptions } from "../retry/backoff.ts";
import { callWithRetry, type RetryNotice } from "../retry/with-retry.ts";
import { createItemQueue } from "../transport/item-queue.ts";
import { createLinkedAbort } from "../transport/linked-abort.ts";
import type { RunEvent, StoppedRun } from "../wire-types.ts";
import { createAnswer } from "./answer.ts";
import { isTerminalEvent, toResult, type ChatResult } from "./chat-result.ts";
import { createDeferred } from "./deferred.ts";
import { readRun, toRunId, type ConnectToRun, type RunPosition } from "./read-run.ts";

/** Options of everything that follows an answer. */
export type StreamOptions = {
  /** Stops following, not the answer: it goes on, and can be followed again. */
  readonly signal?: AbortSignal;
  readonly retry?: RetryOptions;
  /** Learns of every lost connection, before the next try. */
  readonly onRetry?: (notice: RetryNotice) => void;
};

/**
 * An answer on its way. It is asked for at once, whether or not it is read.
 *
 * `for await` brings its events, exactly one terminal event last; connections that are lost in between do not show.
 * The loop throws an `LlmBackendError` when the answer cannot be followed to its end, so a loop that ends has seen the
 * end. It can be read once; leaving it early stops following, not the answer.
 */
export type ChatStream = AsyncIterable<RunEvent> & {
  /** Names what was asked: the same id again joins the same answer. Undefined for `follow`. */
  readonly requestId: string | undefined;
  /** Known from the first event on. */
  readonly runId: string | undefined;
  /** Behind which event `chat.follow` would continue. */
  readonly lastEventId: string | undefined;
  /** All text that has arrived. */
  readonly text: string;
  /** All reasoning that has arrived. */
  readonly reasoning: string;
  /**
   * How the answer ended, whether or not anybody reads the events.
   *
   * @throws LlmBackendError when the answer failed, or could not be followed to its end.
   */
  readonly result: Promise<ChatResult>;
  /**
   * Stops the answer itself, for everybody who follows it; what it has said is kept. The events then end with
   * `run-stop`, unless the answer was finished already.
   */
  stop(): Promise<StoppedRun>;
};

/** What a stream is made of. */
export type ChatStreamSource = {
  readonly requestId: string | undefined;
  readonly from: RunPosition;
  /** What is on the screen already, in front of what will come. */
  readonly shown?: { readonly text?: string | undefined; readonly reasoning?: string | undefined };
  readonly connect: (signal: AbortSignal) => ConnectToRun;
  readonly stop: (runId: string) => Promise<StoppedRun>;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
};

/** Begins to follow an answer. */
export function createChatStream(source: ChatStreamSource, options: StreamOptions): ChatStream {
  const { retry, onRetry } = options;
  const abort = createLinkedAbort([options.signal, source.closing]);
  const queue = createItemQueue<RunEvent>();
  const answer = createAnswer(source.shown);
  const runIdKnown = createDeferred<string>();
  const result = createDeferred<ChatResult>();
  let { runId, lastEventId } = source.from;
  let isRead = false;
  if (runId !== undefined) runIdKnown.resolve(runId);

  async function follow(): Promise<void> {
    const { signal } = abort;
    const events = readRun(source.connect(signal), { retry, onRetry, signal, from: source.from });
    for await (const { id, data: event } of events) {
      lastEventId = id;
      runId = toRunId(id);
      runIdKnown.resolve(runId);
      answer.apply(event);
      queue.push(event);
      if (isTerminalEvent(event)) finish(event, runId);
    }
    queue.end();
  }
  function finish(event: Parameters<typeof toResult>[0], id: string): void {
    try {
      result.resolve(toResult(event, { runId: id, text: answer.text, reasoning: answer.reasoning }));
    } catch (error) {
      result.reject(error);
    }
  }
  function fail(cause: unknown): void {
    const error = toLlmBackendError(cause, abort.signal);
    runIdKnown.reject(error);
    result.reject(error);
    queue.end(error);
  }
  follow()
    .catch(fail)
    .finally(() => abort.release());

  return {
    requestId: source.requestId,
    get runId() {
      return runId;
    },
    get lastEventId() {
      return lastEventId;
    },
    get text() {
      return answer.text;
    },
    get reasoning() {
      return answer.reasoning;
    },
    result: result.promise,
    async stop() {
      const id = runId ?? (await runIdKnown.promise);
      return callWithRetry(() => source.stop(id), { retry, onRetry, signal: source.closing });
    },
    [Symbol.asyncIterator]() {
      if (isRead) throw new TypeError("A chat stream can be read once; chat.follow reads its run again.");
      isRead = true;
      const events = queue.read();
      const leave = events.return.bind(events);
      // At once: a reader that waits for an event would hold back its own leaving until that event has come.
      events.return = (value) => {
        abort.abort(new LlmBackendError("cancelled", "The stream was left before its end."));
        queue.end();
        return leave(value);
      };
      return events;
    },
  };
}
