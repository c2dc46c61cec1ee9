import type { AppRouter } from "@llm-backend/server";
import type { Operation, TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { toLlmBackendError } from "../error/to-llm-backend-error.ts";
import type { RetryOptions } from "../retry/backoff.ts";
import { withRetry } from "../retry/with-retry.ts";
import type { TokenSource } from "../session/token-source.ts";
import { createLinkedAbort } from "../transport/linked-abort.ts";
import type { SubscriptionItem, Transport } from "../transport/transport.ts";

/** What the link needs. */
export type SubscriptionLinkOptions = {
  readonly transport: Transport;
  readonly tokens: TokenSource;
  readonly retry: RetryOptions | undefined;
  /** Ends all subscriptions when the client is closed. */
  readonly closing: AbortSignal;
};

/** The context of a subscription whose caller reconnects by itself. */
export const connectOnce = { retry: { attemptsMax: 0 } satisfies RetryOptions };

/** Runs subscriptions, and lets each go on behind the last event it brought when its connection was lost. */
export function subscriptionLink(options: SubscriptionLinkOptions): TRPCLink<AppRouter> {
  return () =>
    ({ op }) =>
      observable((observer) => {
        const abort = createLinkedAbort([op.signal, options.closing]);
        const run = async () => {
          const onStart = () => observer.next({ result: { type: "started" } });
          for await (const { id, data } of subscribe(op, { ...options, signal: abort.signal, onStart })) {
            observer.next({ result: id === undefined ? { data } : { id, data: { id, data } } });
          }
          observer.next({ result: { type: "stopped" } });
          observer.complete();
        };
        run()
          .catch((error: unknown) => observer.error(toLlmBackendError(error, abort.signal)))
          .finally(() => abort.release());
        return () => abort.abort(undefined);
      });
}

type Subscribing = SubscriptionLinkOptions & { readonly signal: AbortSignal; readonly onStart: () => void };

function subscribe(op: Operation, given: Subscribing): AsyncGenerator<SubscriptionItem, void> {
  const { signal } = given;
  const own = op.context.retry as RetryOptions | undefined;
  let lastEventId: string | undefined;

  async function* open(): AsyncGenerator<SubscriptionItem, void> {
    const input = lastEventId === undefined ? op.input : { ...(op.input as object), lastEventId };
    for await (const item of openWithToken({ ...op, input }, given)) {
      lastEventId = item.id ?? lastEventId;
      yield item;
    }
  }
  return withRetry(open, { retry: own ?? given.retry, signal });
}

/** One connection; one more where the token was refused before anything came, and there is another token. */
async function* openWithToken(op: Operation, given: Subscribing): AsyncGenerator<SubscriptionItem, void> {
  const { transport, tokens, signal, onStart } = given;
  const { path, input } = op;
  const token = await tokens.get();
  let hasBegun = false;
  let renewed: string | undefined;
  try {
    for await (const item of transport.open({ path, input, token, signal, onStart })) {
      hasBegun = true;
      yield item;
    }
    return;
  } catch (cause) {
    const error = toLlmBackendError(cause, signal);
    if (hasBegun || error.code !== "unauthenticated") throw error;
    renewed = await tokens.renew(token);
    if (renewed === undefined) throw error;
  }
  yield* transport.open({ path, input, token: renewed, signal, onStart });
}
