import type { AppRouter } from "@llm-backend/server";
import type { Operation, TRPCLink } from "@trpc/client";
import { observable, type Unsubscribable } from "@trpc/server/observable";
import { toCancelled, toLlmBackendError } from "../error/to-llm-backend-error.ts";
import type { TokenSource } from "../session/token-source.ts";

/** Calls that make a session or trade one: what they send is their own proof of who asks. */
const credentialPaths = new Set([
  "auth.register",
  "auth.login",
  "auth.loginForDay",
  "auth.refresh",
  "auth.createFirstAdmin",
]);

/** Tells whether a call is made with a token. */
export function needsToken(path: string): boolean {
  return !credentialPaths.has(path);
}

/** Remembers in a call which token it was sent with. */
export function noteToken(op: Operation, token: string | undefined): void {
  op.context.token = token;
}

/**
 * Maps every error of a query or mutation, in one place. A call whose token was refused is made once more with another
 * one, if there is another: the server refuses before it does anything.
 */
export function callLink(tokens: TokenSource): TRPCLink<AppRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        let inner: Unsubscribable | undefined;
        let isOver = false;
        const giveUp = () => {
          if (op.signal) observer.error(toCancelled(op.signal));
        };
        const renew = async () => {
          const token = await tokens.renew(op.context.token as string | undefined);
          return token !== undefined && !isOver;
        };
        const attempt = (isLast: boolean) => {
          inner = next(op).subscribe({
            next: (value) => observer.next(value),
            complete: () => observer.complete(),
            error(cause) {
              const error = toLlmBackendError(cause, op.signal);
              if (isLast || error.code !== "unauthenticated" || !needsToken(op.path))
                return observer.error(error);
              renew().then(
                (isRenewed) => (isRenewed ? attempt(true) : observer.error(error)),
                (failure: unknown) => observer.error(toLlmBackendError(failure, op.signal)),
              );
            },
          });
        };
        op.signal?.addEventListener("abort", giveUp);
        if (op.signal?.aborted === true) giveUp();
        else attempt(false);
        return () => {
          isOver = true;
          op.signal?.removeEventListener("abort", giveUp);
          inner?.unsubscribe();
        };
      });
}
