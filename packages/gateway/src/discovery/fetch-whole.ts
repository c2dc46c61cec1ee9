import { refuseCompressed } from "../attempt/compressed.ts";
import type { Connections, WireRequest } from "../attempt/connections.ts";
import { Exchange } from "../attempt/exchange.ts";
import { toFailure, type Failure } from "../failure/failure.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import { toTransportFailure } from "../failure/transport-failure.ts";

/** How long a fetch may take, and how much it may bring. */
export type FetchLimits = {
  readonly timeoutMs: number;
  readonly bytesMax: number;
  readonly signal?: AbortSignal | undefined;
};

/** A whole answer, whatever its status, or why there is none. */
export type Fetched = {
  /** A connection was there, whatever came of it. */
  readonly isConnected: boolean;
  readonly answer:
    | { readonly status: number; readonly headers: AnswerHeaders; readonly body: string }
    | undefined;
  readonly failure: Failure | undefined;
};

const late = toFailure("first_byte_timeout", "upstream_timeout", "no answer in time");
const tooLarge = toFailure("too_large", "upstream_unavailable", "the answer is too long");
const cancelled = toFailure("cancelled", "cancelled", "cancelled");

/** Fetches a small answer as a whole. Never rejects; whatever happens, no connection is left behind. */
export function fetchWhole(
  connections: Connections,
  request: WireRequest,
  { timeoutMs, bytesMax, signal }: FetchLimits,
): Promise<Fetched> {
  const { promise, resolve } = Promise.withResolvers<Fetched>();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let isConnected = false;
  let head: { status: number; headers: AnswerHeaders } | undefined;

  function end(failure: Failure | undefined): void {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
    if (failure !== undefined) exchange.abort();
    const isAnswered = failure === undefined && head !== undefined;
    const answer = isAnswered ? { ...head, body: Buffer.concat(pieces).toString() } : undefined;
    resolve({ isConnected, answer: answer as Fetched["answer"], failure });
  }

  const exchange = new Exchange(connections, request, {
    onConnected: () => {
      isConnected = true;
    },
    onHead(status, headers) {
      head = { status, headers };
      const failure = refuseCompressed(headers);
      if (failure !== undefined) end(failure);
    },
    onData(piece) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > bytesMax) end(tooLarge);
    },
    onEnd: () => end(undefined),
    onFailure: (error, phase) => end(toTransportFailure(error, phase)),
  });
  const cancel = (): void => end(cancelled);
  const timer = setTimeout(() => end(late), timeoutMs);
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted === true) cancel();
  else exchange.start();
  return promise;
}
