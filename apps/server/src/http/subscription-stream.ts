import { DomainError } from "@llm-backend/contract";
import { adviseRetry, sendStream } from "@llm-backend/rest";
import {
  appRouter,
  mapError,
  subscriptionTiming,
  toErrorShape,
  wireTransformer,
  type Context,
} from "@llm-backend/server";
import { getTRPCErrorFromUnknown, isTrackedEnvelope, type AnyProcedure } from "@trpc/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import { callSubscription } from "./call-subscription.ts";

/** A request for a subscription. */
export type SubscriptionRequest = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The dotted name of the procedure. */
  readonly path: string;
  readonly context: Context;
  readonly onInternalError: (error: unknown, request: FastifyRequest) => void;
};

const event = (name: string, data = "") => `event: ${name}\ndata: ${data}\n\n`;

const connected = event(
  "connected",
  JSON.stringify({ reconnectAfterInactivityMs: subscriptionTiming.reconnectAfterInactivityMs }),
);

// At run time they are kept by their dotted names, whatever the type says.
// oxlint-disable-next-line no-underscore-dangle -- how tRPC names it
const procedures = Object.entries(appRouter._def.procedures) as unknown as [string, AnyProcedure][];
const subscriptions = new Set(
  // oxlint-disable-next-line no-underscore-dangle -- how tRPC names it
  procedures.filter(([, procedure]) => procedure._def.type === "subscription").map(([path]) => path),
);

/** Tells whether a path names a subscription. */
export function isSubscription(path: string): boolean {
  return subscriptions.has(path);
}

/**
 * Answers a subscription as server-sent events, in the words that tRPC's clients read. tRPC's own writer passes each
 * event through four streams, which costs more than everything else that is done with it.
 *
 * @source `sseStreamProducer` of @trpc/server 11
 */
export async function sendSubscription(given: SubscriptionRequest): Promise<void> {
  const left = new AbortController();
  const { raw } = given.reply;
  raw.once("close", () => {
    if (!raw.writableFinished) left.abort();
  });
  given.reply.header("vary", "trpc-accept, accept");
  await sendStream(given.reply, {
    contentType: "text/event-stream",
    chunks: toChunks(given, left.signal),
    ping: { text: event("ping"), intervalMs: subscriptionTiming.pingMs },
  });
}

async function* toChunks(given: SubscriptionRequest, signal: AbortSignal): AsyncGenerator<string, void> {
  yield connected;
  // Told with the first event: who is refused has nothing to come back for.
  let head = adviseRetry();
  try {
    for await (const item of await call(given, signal)) {
      if (!isTrackedEnvelope(item)) throw new DomainError("internal", "An event came without its id.");
      yield `${head}id: ${item[0]}\ndata: ${JSON.stringify(wireTransformer.serialize(item[1]))}\n\n`;
      head = "";
    }
    yield event("return");
  } catch (error) {
    if (signal.aborted) return;
    if (mapError(error).reason === "internal") given.onInternalError(error, given.request);
    const shape = toErrorShape({ error: getTRPCErrorFromUnknown(error), path: given.path });
    yield event("serialized-error", JSON.stringify(wireTransformer.serialize(shape)));
  }
}

function call(given: SubscriptionRequest, signal: AbortSignal): Promise<AsyncIterable<unknown>> {
  const { request, path, context } = given;
  const query = request.query as Readonly<Record<string, string | undefined>>;
  return callSubscription({
    path,
    context,
    signal,
    readInput() {
      const text = request.method === "POST" ? (request.body as string | undefined) : query.input;
      return text === undefined || text === "" ? undefined : JSON.parse(text);
    },
    lastEventId:
      (request.headers["last-event-id"] as string | undefined) ?? query.lastEventId ?? query["Last-Event-Id"],
  });
}
