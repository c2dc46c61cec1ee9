import type { AppRouter } from "@llm-backend/server";
import type { TRPCClient } from "@trpc/client";
import { connectOnce } from "../links/subscription-link.ts";
import type { RetryOptions } from "../retry/backoff.ts";
import type { RouterInputs, StartedRun, TrackedRunEvent } from "../wire-types.ts";
import {
  createChatStream,
  type ChatStream,
  type ChatStreamSource,
  type StreamOptions,
} from "./chat-stream.ts";
import { newRequestId } from "./new-request-id.ts";
import type { ConnectToRun, RunPosition } from "./read-run.ts";

type Chat = TRPCClient<AppRouter>["chat"];

/** An input whose request id is made where none is given. */
type Request<TInput extends { requestId: string }> = Omit<TInput, "requestId" | "lastEventId"> & {
  /** The same id again joins the answer that it started: for one who wants to ask again after a crash of the app. */
  readonly requestId?: string;
};

/** What `chat.stream` takes. */
export type StreamRequest = Request<RouterInputs["chat"]["stream"]>;
/** What `chat.regenerate` takes. */
export type RegenerateRequest = Request<RouterInputs["chat"]["regenerate"]>;
/** What `chat.edit` takes. */
export type EditRequest = Request<RouterInputs["chat"]["edit"]>;
/** What `chat.continue` takes. */
export type ContinueRequest = Request<RouterInputs["chat"]["continue"]>;
/** What `chat.temporary` takes. */
export type TemporaryRequest = Request<RouterInputs["chat"]["temporary"]>;
/** What `chat.follow` takes. */
export type FollowRequest = RouterInputs["chat"]["follow"];

/** Options of `chat.follow`. */
export type FollowOptions = StreamOptions & {
  /** The text that is shown already, in front of what comes behind `lastEventId`. */
  readonly text?: string;
  /** The same for the reasoning. */
  readonly reasoning?: string;
};

/** The calls that bring an answer. */
type StreamName = "stream" | "temporary" | "follow" | "regenerate" | "edit" | "continue";

/** Answers: asking for them, following and stopping them. */
export type ChatClient = Omit<Chat, StreamName> & {
  /**
   * Sends a message and follows its answer.
   *
   * @example
   * const stream = client.chat.stream({ conversationId, message: "Hello!" });
   * for await (const event of stream) if (event.type === "text-delta") process.stdout.write(event.text);
   */
  stream(input: StreamRequest, options?: StreamOptions): ChatStream;
  /**
   * Asks without storing anything: the chat so far is kept here, and sent with each question.
   *
   * @example
   * const stream = client.chat.temporary({ model, messages: [{ role: "user", content: "Between us: ..." }] });
   * const { text } = await stream.result;
   */
  temporary(input: TemporaryRequest, options?: StreamOptions): ChatStream;
  /** Follows an answer that was asked for elsewhere: before a reload, in another tab, on another device. */
  follow(input: FollowRequest, options?: FollowOptions): ChatStream;
  /** Makes another answer beside one that is there, and follows it. */
  regenerate(input: RegenerateRequest, options?: StreamOptions): ChatStream;
  /** Puts another version beside a message of the user's, and follows the answer to it. */
  edit(input: EditRequest, options?: StreamOptions): ChatStream;
  /**
   * Goes on with an answer that broke off, was stopped, or was cut at its length: follows a new one, which begins with
   * the text of the old one.
   */
  continue(input: ContinueRequest, options?: StreamOptions): ChatStream;
};

/** What the streams are made with. */
export type ChatClientDeps = {
  readonly chat: Chat;
  readonly retry: RetryOptions | undefined;
  readonly closing: AbortSignal;
};

/** Creates the calls of `chat` that are streams. */
export function createChatStreams(deps: ChatClientDeps): Pick<ChatClient, StreamName> {
  const { chat } = deps;
  const begin = (
    source: Pick<ChatStreamSource, "connect"> & Partial<ChatStreamSource>,
    options: StreamOptions,
  ) =>
    createChatStream(
      {
        requestId: undefined,
        from: { runId: undefined, lastEventId: undefined },
        ...source,
        stop: (runId) => chat.stop.mutate({ runId }),
        closing: deps.closing,
      },
      { ...(deps.retry === undefined ? {} : { retry: deps.retry }), ...options },
    );
  const follow = (
    position: { runId: string; lastEventId: RunPosition["lastEventId"] },
    signal: AbortSignal,
  ) => chat.follow.subscribe(position, { signal, context: connectOnce });

  /** Starts, or joins what the same request has started, and follows; once the run is known, only follows. */
  const startThenFollow =
    (start: (signal: AbortSignal) => Promise<StartedRun>) =>
    (signal: AbortSignal): ConnectToRun => {
      let runId: string | undefined;
      return async function* connect({ lastEventId }): AsyncGenerator<TrackedRunEvent, void> {
        runId ??= (await start(signal)).runId;
        yield* follow({ runId, lastEventId }, signal);
      };
    };

  /** Begins with a subscription of its own; what is sent travels once: a run that is known by its id is followed by it. */
  const askThenFollow =
    (ask: (signal: AbortSignal) => AsyncIterable<TrackedRunEvent>) =>
    (signal: AbortSignal): ConnectToRun =>
    ({ runId, lastEventId }) =>
      runId === undefined ? ask(signal) : follow({ runId, lastEventId }, signal);

  return {
    stream(input, options = {}) {
      const request = withRequestId(input);
      const ask = (signal: AbortSignal) => chat.stream.subscribe(request, { signal, context: connectOnce });
      return begin({ requestId: request.requestId, connect: askThenFollow(ask) }, options);
    },
    temporary(input, options = {}) {
      const request = withRequestId(input);
      const ask = (signal: AbortSignal) =>
        chat.temporary.subscribe(request, { signal, context: connectOnce });
      return begin({ requestId: request.requestId, connect: askThenFollow(ask) }, options);
    },
    follow({ runId, lastEventId }, options = {}) {
      return begin(
        {
          from: { runId, lastEventId: lastEventId ?? undefined },
          shown: options,
          connect: (signal) => (position) => follow({ runId, lastEventId: position.lastEventId }, signal),
        },
        options,
      );
    },
    regenerate(input, options = {}) {
      const request = withRequestId(input);
      const start = (signal: AbortSignal) => chat.regenerate.mutate(request, { signal });
      return begin({ requestId: request.requestId, connect: startThenFollow(start) }, options);
    },
    edit(input, options = {}) {
      const request = withRequestId(input);
      const start = (signal: AbortSignal) => chat.edit.mutate(request, { signal });
      return begin({ requestId: request.requestId, connect: startThenFollow(start) }, options);
    },
    continue(input, options = {}) {
      const request = withRequestId(input);
      const start = (signal: AbortSignal) => chat.continue.mutate(request, { signal });
      return begin({ requestId: request.requestId, connect: startThenFollow(start) }, options);
    },
  };
}

function withRequestId<TInput extends { readonly requestId?: string }>(
  input: TInput,
): TInput & { readonly requestId: string } {
  return { ...input, requestId: input.requestId ?? newRequestId() };
}
