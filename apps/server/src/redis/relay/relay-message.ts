import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { RelayedStart, RelaySignal } from "@llm-backend/server";

/** Who wants a run, and how much of it is there already. */
export type WantedRun = {
  readonly runId: string;
  readonly follower: string;
  readonly position: number;
  readonly renew: boolean;
};

/** What one process asks of another. */
export type RelayRequest =
  | { readonly type: "stop"; readonly runId: string }
  | { readonly type: "start"; readonly request: RelayedStart }
  /** Wants the run's entries in its stream; with `renew` from the beginning, since some are missing there. */
  | ({ readonly type: "follow" } & WantedRun)
  | { readonly type: "leave"; readonly runId: string; readonly follower: string };

/** What an error of a service is made of. */
export type RelayedError = { readonly code: string; readonly message: string; readonly details?: unknown };

/** What passes between processes; each of them has a channel of its own. */
export type RelayMessage =
  | { readonly kind: "request"; readonly id: string; readonly from: string; readonly request: RelayRequest }
  | { readonly kind: "reply"; readonly id: string; readonly value?: unknown; readonly error?: RelayedError }
  /** A process has taken so much of a run. */
  | { readonly kind: "took"; readonly runId: string; readonly follower: string; readonly position: number }
  /** A process goes. */
  | { readonly kind: "gone"; readonly from: string }
  /** There is more in the stream of a run. */
  | { readonly kind: "more"; readonly runId: string }
  | { readonly kind: "signal"; readonly from: string; readonly signal: RelaySignal };

/** Writes and reads messages. */
export type MessageSeal = {
  seal(channel: string, message: RelayMessage): string;
  /** The message; undefined where none of our processes wrote it for this channel. */
  open(channel: string, text: string): RelayMessage | undefined;
};

const macChars = 43;

/**
 * Creates the seal over the secret that all processes have. A message may start an answer in anybody's name: whoever
 * can publish in Redis must not be able to write one.
 */
export function createMessageSeal(secret: string): MessageSeal {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "llm-backend relay message v1", 32));
  const sign = (channel: string, body: string) =>
    createHmac("sha256", key).update(`${channel}\n${body}`).digest("base64url");
  return {
    seal(channel, message) {
      const body = JSON.stringify(message);
      return sign(channel, body) + body;
    },
    open(channel, text) {
      const body = text.slice(macChars);
      const [given, expected] = [Buffer.from(text.slice(0, macChars)), Buffer.from(sign(channel, body))];
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      return JSON.parse(body) as RelayMessage;
    },
  };
}
