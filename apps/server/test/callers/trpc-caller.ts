import type { RunEvent } from "@llm-backend/contract";
import type { ErrorShape } from "@llm-backend/server";
import { followSse } from "./frames.ts";

/** What the wire answered to one call. */
export type TrpcAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The result, dates as text; undefined after an error. */
  readonly data: unknown;
  readonly error: ErrorShape | undefined;
};

/** One item of a subscription: an event with its id, the failure that ended it, or its end in good order. */
export type StreamItem =
  | { readonly kind: "event"; readonly id: string; readonly event: RunEvent }
  | { readonly kind: "error"; readonly error: ErrorShape }
  | { readonly kind: "return" };

/** From where a subscription is read, and until when. */
export type SubscribeOptions = { readonly lastEventId?: string; readonly signal?: AbortSignal };

/** A caller of the procedures, who speaks the wire format by hand. */
export type TrpcCaller = {
  readonly url: string;
  readonly token: string | undefined;
  /** @throws Error when the answer is an error. */
  query<T>(path: string, input?: unknown): Promise<T>;
  /** @throws Error when the answer is an error. */
  mutate<T>(path: string, input?: unknown): Promise<T>;
  tryQuery(path: string, input?: unknown): Promise<TrpcAnswer>;
  tryMutate(path: string, input?: unknown): Promise<TrpcAnswer>;
  subscribe(path: string, input: unknown, options?: SubscribeOptions): AsyncGenerator<StreamItem, void>;
};

/** Creates a caller; without a token a stranger. `send` chooses the connection. */
export function createTrpcCaller(url: string, token?: string, send: typeof fetch = fetch): TrpcCaller {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const toQuery = (input: unknown) =>
    input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify({ json: input }))}`;

  const tryQuery: TrpcCaller["tryQuery"] = async (path, input) =>
    readAnswer(await send(`${url}/trpc/${path}${toQuery(input)}`, { headers }));

  const tryMutate: TrpcCaller["tryMutate"] = async (path, input) =>
    readAnswer(
      await send(`${url}/trpc/${path}`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ json: input }),
      }),
    );

  return {
    url,
    token,
    tryQuery,
    tryMutate,
    query: async <T>(path: string, input?: unknown) => requireData(path, await tryQuery(path, input)) as T,
    mutate: async <T>(path: string, input?: unknown) => requireData(path, await tryMutate(path, input)) as T,
    async *subscribe(path, input, { lastEventId, signal } = {}) {
      const response = await send(`${url}/trpc/${path}${toQuery(input)}`, {
        headers: {
          ...headers,
          accept: "text/event-stream",
          ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      for await (const { id, event, data } of followSse(response)) {
        if (event === "return") yield { kind: "return" };
        else if (event === "serialized-error") {
          yield { kind: "error", error: (JSON.parse(data) as { json: ErrorShape }).json };
        } else if (event === "message" && id !== undefined) {
          yield { kind: "event", id, event: (JSON.parse(data) as { json: RunEvent }).json };
        }
      }
    },
  };
}

type Envelope = {
  result?: { data?: { json?: unknown } };
  error?: { json: ErrorShape };
};

async function readAnswer(response: Response): Promise<TrpcAnswer> {
  const text = await response.text();
  const body = JSON.parse(text) as Envelope;
  return {
    status: response.status,
    headers: response.headers,
    text,
    data: body.result?.data?.json,
    error: body.error?.json,
  };
}

function requireData(path: string, answer: TrpcAnswer): unknown {
  if (answer.error !== undefined || answer.status !== 200)
    throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.data;
}
