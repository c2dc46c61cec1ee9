import { DomainError } from "@llm-backend/contract";
import { toErrorShape, wireTransformer, type Context } from "@llm-backend/server";
import { getTRPCErrorFromUnknown, isTrackedEnvelope } from "@trpc/server";
import type { WebSocket } from "ws";
import { callSubscription } from "./call-subscription.ts";
import type { SocketSubscriptionCall } from "./socket-calls.ts";

/** The subscriptions of one WebSocket. */
export type SocketSubscriptions = {
  /** Starts one; the id is free again as soon as it has ended. */
  start(call: SocketSubscriptionCall, context: Context): void;
  /** Stops one; false when none has that id. */
  stop(id: number | string): boolean;
};

type RequestId = number | string;

/**
 * Answers subscriptions over a WebSocket, in the words that tRPC's clients read. tRPC's own loop lets each event race
 * against the end of the subscription, which costs as much as everything else that is done with it, and more memory: what
 * waits for the next event outlives the young generation.
 *
 * @source `getWSConnectionHandler` of @trpc/server 11
 */
export function openSubscriptions(socket: WebSocket, onError: (error: Error) => void): SocketSubscriptions {
  const open = new Map<RequestId, AbortController>();
  socket.once("close", () => {
    for (const left of open.values()) left.abort();
  });
  const send = (text: string): void => {
    if (socket.readyState === socket.OPEN) socket.send(text);
  };

  function fail(call: SocketSubscriptionCall, cause: unknown): void {
    const error = getTRPCErrorFromUnknown(cause);
    onError(error);
    const shape = wireTransformer.serialize(toErrorShape({ error, path: call.path }));
    send(JSON.stringify({ ...toHead(call), error: shape }));
  }

  async function run(call: SocketSubscriptionCall, context: Context): Promise<void> {
    const left = new AbortController();
    open.set(call.id, left);
    try {
      for await (const text of toMessages(call, { context, signal: left.signal })) send(text);
    } catch (error) {
      if (!left.signal.aborted) return fail(call, error);
    } finally {
      open.delete(call.id);
    }
    send(JSON.stringify({ ...toHead(call), result: { type: "stopped" } }));
  }

  return {
    start(call, context) {
      if (open.has(call.id))
        fail(call, new DomainError("invalid_input", "The id is that of an open subscription."));
      else void run(call, context);
    },
    stop(id) {
      const left = open.get(id);
      left?.abort();
      return left !== undefined;
    },
  };
}

/** What tells an answer's call; a caller that speaks JSON-RPC is answered so. */
const toHead = ({ id, jsonrpc }: SocketSubscriptionCall) =>
  jsonrpc === undefined ? { id } : { id, jsonrpc };

async function* toMessages(
  call: SocketSubscriptionCall,
  given: { readonly context: Context; readonly signal: AbortSignal },
): AsyncGenerator<string, void> {
  const { path, input, lastEventId } = call;
  const items = await callSubscription({ ...given, path, readInput: () => input, lastEventId });
  const head = JSON.stringify(toHead(call)).slice(0, -1);
  yield `${head},"result":{"type":"started"}}`;
  for await (const item of items) {
    if (!isTrackedEnvelope(item)) throw new DomainError("internal", "An event came without its id.");
    const [id, data] = item;
    yield `${head},"result":{"type":"data","data":${encode(id, data)},"id":${JSON.stringify(id)}}}`;
  }
}

/** An event as it stands on the wire: with its id once more. */
function encode(id: string, data: unknown): string {
  const event = wireTransformer.serialize(data);
  // Where nothing in it is annotated, its place in something larger changes nothing.
  const isPlain = !("meta" in event) || event.meta === undefined;
  return JSON.stringify(
    isPlain ? { json: { id, data: event.json } } : wireTransformer.serialize({ id, data }),
  );
}
