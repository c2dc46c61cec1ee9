/** One subscription, as a transport carries it. */
export type SubscriptionCall = {
  readonly path: string;
  readonly input: unknown;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** The server has taken the subscription. */
  readonly onStart: () => void;
};

/** What a subscription brings; the id is where to continue behind it. */
export type SubscriptionItem = { readonly id: string | undefined; readonly data: unknown };

/** How subscriptions travel. */
export type Transport = {
  /**
   * Carries one subscription over one connection. It returns when the server said that this was all, and throws
   * when it refused, or when the connection was lost.
   */
  open(call: SubscriptionCall): AsyncGenerator<SubscriptionItem, void>;
  /** Lets go of connections that are kept open. */
  close(): void;
};
