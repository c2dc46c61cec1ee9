import { DomainError } from "@llm-backend/contract";
import { appRouter, wireTransformer, type Context } from "@llm-backend/server";
import { callTRPCProcedure } from "@trpc/server";

/** A subscription that is asked for, over whatever wire. */
export type SubscriptionCall = {
  /** The dotted name of the procedure. */
  readonly path: string;
  readonly context: Context;
  readonly signal: AbortSignal;
  /** Answers with the input, still encoded. @throws Error for what is no JSON. */
  readonly readInput: () => unknown;
  /** The id of the event after which the caller continues. */
  readonly lastEventId: string | undefined;
};

/**
 * Carries out a subscription. Its events come in the envelopes that the procedure yields, through nothing else: whatever
 * stands between waits for each token, too.
 *
 * @throws DomainError, or the error that tRPC makes of what is asked for
 */
export async function callSubscription(call: SubscriptionCall): Promise<AsyncIterable<unknown>> {
  const { path, context, signal } = call;
  const items: unknown = await callTRPCProcedure({
    router: appRouter,
    path,
    type: "subscription",
    ctx: context,
    signal,
    batchIndex: 0,
    getRawInput: () => Promise.resolve(toInput(call)),
  });
  return items as AsyncIterable<unknown>;
}

function toInput({ readInput, lastEventId }: SubscriptionCall): unknown {
  const input = decode(readInput);
  if (lastEventId === undefined || lastEventId === "") return input;
  const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
  return isObject ? { ...input, lastEventId } : (input ?? { lastEventId });
}

type Encoded = Parameters<typeof wireTransformer.deserialize>[0] | undefined;

/** Whatever is wrong with the text, or with its annotations, is wrong with the request. */
function decode(readInput: () => unknown): unknown {
  try {
    return wireTransformer.deserialize(readInput() as Encoded);
  } catch (cause) {
    throw DomainError.is(cause) ? cause : new DomainError("invalid_input", undefined, { cause });
  }
}
