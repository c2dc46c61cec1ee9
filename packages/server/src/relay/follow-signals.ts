import type { RelaySignal } from "./run-relay.ts";

/** What a process does about what another one has told it. */
export type SignalEffects = {
  readonly endStreams: (sessionIds: readonly string[]) => void;
  readonly endConversation: (conversationId: number) => void;
  readonly endUser: (userId: number) => Promise<void>;
  readonly reloadUpstreams: () => Promise<void>;
  readonly forgetKeys: () => void;
  readonly reloadPrices: () => Promise<void>;
  /** Learns of what failed; whatever it was is noticed a little later without the signal too. */
  readonly onError: (error: unknown) => void;
};

/** Creates what carries out the signals of other processes. */
export function createSignalFollower(effects: SignalEffects): (signal: RelaySignal) => void {
  const attempt = (work: Promise<void>) => void work.catch(effects.onError);
  return (signal) => {
    switch (signal.type) {
      case "sessions-revoked":
        return effects.endStreams(signal.sessionIds);
      case "conversation-deleted":
        return effects.endConversation(signal.conversationId);
      case "user-deleted":
        return attempt(effects.endUser(signal.userId));
      case "upstreams-changed":
        return attempt(effects.reloadUpstreams());
      case "keys-changed":
        return effects.forgetKeys();
      case "prices-changed":
        return attempt(effects.reloadPrices());
    }
  };
}
