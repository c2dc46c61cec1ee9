import type { DomainError, Usage } from "@llm-backend/contract";

// What the gateway and the faces tell whoever watches them. The gateway's own types have all this and more; they are
// not named here, since only what composes the process knows the gateway.

/** One attempt at one upstream, when it has ended. */
export type WatchedAttempt = {
  readonly upstream: string;
  readonly outcome: string;
  readonly firstTokenMs: number | undefined;
  readonly framesMalformed: number;
  readonly usage: Usage | undefined;
};

/** One call under `/v1`, when it has ended. */
export type WatchedRequest = {
  readonly requestId: string;
  /** What kind of call it was: `chat`, `completion`, `response`, `other`. */
  readonly kind: string;
  readonly model: string;
  /** What the caller got of an upstream; undefined where no answer began: then it is that of the error. */
  readonly status: number | undefined;
  readonly error: DomainError | undefined;
  readonly attempts: readonly {
    readonly upstream: string;
    readonly outcome: string;
    readonly message: string | undefined;
  }[];
  readonly firstByteMs: number | undefined;
  readonly totalMs: number;
};

/** An upstream, or one of its keys, was taken out or came back. */
export type WatchedHealthChange = {
  readonly upstream: string;
  readonly upstreamId: string;
  readonly keyLast4: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
};

/** How one upstream is just now. */
export type WatchedUpstream = {
  readonly name: string;
  readonly breaker: "closed" | "open" | "half_open";
  readonly keys: readonly { readonly state: string }[];
  readonly inFlight: number;
  readonly waiting: number;
};
