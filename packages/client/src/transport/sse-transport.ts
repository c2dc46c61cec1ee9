import type { FetchFunction } from "../client-options.ts";
import type { LlmBackendError } from "../error/llm-backend-error.ts";
import { fromResponse, fromShape, toLlmBackendError, toUnreachable } from "../error/to-llm-backend-error.ts";
import { wireTransformer } from "../links/wire-transformer.ts";
import { createLinkedAbort } from "./linked-abort.ts";
import { readBody } from "./read-body.ts";
import { readEventStream, type ServerSentEvent } from "./read-event-stream.ts";
import { createSilenceWatch, type SilenceWatch } from "./silence-watch.ts";
import type { SubscriptionCall, SubscriptionItem, Transport } from "./transport.ts";

/** What the transport needs. */
export type SseOptions = {
  readonly url: URL;
  readonly fetch: FetchFunction;
  readonly silenceMsMax: number | undefined;
};

/** What the server says of itself when it has not been heard. */
const silenceMsDefault = 30_000;
/** While a long message is on its way, silence is no news; a slower line than this is none. */
const uploadCharsPerMs = 4;

/**
 * Subscriptions as server-sent events. Unlike the browser's `EventSource` it sends the token as a header and the
 * input as a body, so that neither stands in a URL, and it leaves the decision about reconnecting to its caller.
 */
export function createSseTransport(options: SseOptions): Transport {
  return {
    async *open(call) {
      const abort = createLinkedAbort([call.signal]);
      const body = JSON.stringify(wireTransformer.serialize(call.input));
      const silenceMsMax = options.silenceMsMax ?? silenceMsDefault;
      const watch = createSilenceWatch(silenceMsMax + body.length / uploadCharsPerMs, () =>
        abort.abort(toUnreachable(new Error("it fell silent"))),
      );
      try {
        const response = await post(options, {
          path: call.path,
          token: call.token,
          body,
          signal: abort.signal,
        });
        watch.setLimit(silenceMsMax);
        yield* readItems(response, { call, watch, isLimitFixed: options.silenceMsMax !== undefined });
      } catch (error) {
        throw toLlmBackendError(error, abort.signal);
      } finally {
        watch.stop();
        abort.release();
        abort.abort(undefined);
      }
    },
    close() {
      // Every subscription has a connection of its own, which ends with it.
    },
  };
}

type Posting = Pick<SubscriptionCall, "path" | "token" | "signal"> & { readonly body: string };

async function post({ url, fetch }: SseOptions, call: Posting): Promise<Response> {
  const response = await fetch(`${url.href}/${call.path}`, {
    method: "POST",
    headers: {
      accept: "text/event-stream",
      "content-type": "application/json",
      ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
    },
    body: call.body,
    signal: call.signal,
  });
  const type = response.headers.get("content-type") ?? "";
  if (response.ok && type.startsWith("text/event-stream")) return response;
  throw await toRefusal(response);
}

async function toRefusal(response: Response): Promise<LlmBackendError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  return fromShape(wireTransformer.deserialize(error)) ?? fromResponse(response, { body });
}

type Reading = {
  readonly call: SubscriptionCall;
  readonly watch: SilenceWatch;
  readonly isLimitFixed: boolean;
};

async function* readItems(response: Response, reading: Reading): AsyncGenerator<SubscriptionItem, void> {
  if (response.body === null) throw toUnreachable(new Error("it sent no body"));
  for await (const event of readEventStream(listen(readBody(response.body), reading.watch))) {
    if (event.event === "return") return;
    if (event.event === "message") {
      yield {
        id: event.id === "" ? undefined : event.id,
        data: wireTransformer.deserialize(JSON.parse(event.data)),
      };
    } else {
      handleSignal(event, reading);
    }
  }
  // Whatever cut the stream may have ended it in good order: only the server's own word is an end.
  throw toUnreachable(new Error("the stream broke off"));
}

async function* listen(
  chunks: AsyncIterable<Uint8Array>,
  watch: SilenceWatch,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    watch.touch();
    yield chunk;
  }
}

/** Events about the stream itself; pings only have to be heard. */
function handleSignal({ event, data }: ServerSentEvent, { call, watch, isLimitFixed }: Reading): void {
  if (event === "connected") {
    const told = (JSON.parse(data) as { reconnectAfterInactivityMs?: number }).reconnectAfterInactivityMs;
    if (told !== undefined && !isLimitFixed) watch.setLimit(told);
    call.onStart();
  } else if (event === "serialized-error") {
    const shape = wireTransformer.deserialize(JSON.parse(data));
    throw fromShape(shape) ?? toUnreachable(new Error("it sent an error that is none of its own"));
  }
}
