import type { ErrorCode } from "@llm-backend/contract";
import type { Logger } from "pino";
import type { Config } from "../config/to-config.ts";
import type { WatchedHealthChange, WatchedRequest } from "../metrics/watched-events.ts";
import { createChannels } from "./alert-channels.ts";
import { machineClock, type AlertClock } from "./alert-clock.ts";
import { isAboutKey, toBackSentence, toDuration, toOutSentence, toRequestWords } from "./alert-sentences.ts";
import type { Alert } from "./alert.ts";
import { createCauseThrottle } from "./cause-throttle.ts";
import { createDelivery, type DeliveryOutcome } from "./deliver-alerts.ts";

/** Tells the operator's channels what is broken, in the background. */
export type Alerts = {
  /** A call has ended; it is told when it failed on every upstream. Never throws. */
  requestEnded(request: WatchedRequest): void;
  /** An upstream or a key was taken out or came back. Never throws. */
  healthChanged(change: WatchedHealthChange): void;
  /** Resolves when nothing is being sent; what is held back for its interval does not count. */
  idle(): Promise<void>;
  /** Sends nothing more; what is under way has a moment to arrive. */
  close(): Promise<void>;
};

/** What alerts need. */
export type AlertOptions = {
  readonly config: Config["alerts"];
  readonly logger: Pick<Logger, "warn">;
  /** Learns of every message. */
  readonly onEnd?: (channel: string, outcome: DeliveryOutcome) => void;
  readonly clock?: AlertClock;
  /** How long a channel may take for one message. @default 10 s */
  readonly timeoutMs?: number;
};

const defaultTimeoutMs = 10_000;
const closeMs = 2000;

/** What callers get when nobody could answer, or nobody to the end. */
const failedEverywhere: ReadonlySet<ErrorCode> = new Set([
  "upstream_auth",
  "upstream_rate_limited",
  "upstream_unavailable",
  "upstream_overloaded",
  "upstream_timeout",
  "answer_truncated",
]);

/** The states of breakers and keys that an operator wants to know of; the others pass by themselves. */
const troubles: ReadonlySet<string> = new Set(["open", "rejected", "quota"]);
const whole: ReadonlySet<string> = new Set(["closed", "ok"]);

/** Creates the alerts of a configuration; without channels they do nothing. */
export function createAlerts(options: AlertOptions): Alerts {
  const { config, logger, onEnd, clock = machineClock, timeoutMs = defaultTimeoutMs } = options;
  const closing = new AbortController();
  const deliveries = createChannels(config).map((channel) =>
    createDelivery(channel, {
      timeoutMs,
      signal: closing.signal,
      onEnd(outcome, reason) {
        if (outcome !== "sent")
          logger.warn({ channel: channel.name, reason }, `An alert was not sent: ${reason}`);
        onEnd?.(channel.name, outcome);
      },
    }),
  );
  const throttle = createCauseThrottle({ clock, intervalMs: config.intervalMs, pass });
  /** What is out just now, and since when. */
  const out = new Map<string, number>();
  let isClosed = false;

  function pass({ event, state, upstream, sentence, manySentence }: Alert, count: number): void {
    const text = `[${config.hostname}] ${count > 1 ? manySentence(count) : sentence}`;
    const message = {
      event,
      state,
      upstream,
      text,
      count: Math.max(1, count),
      at: clock.now(),
      hostname: config.hostname,
    };
    for (const delivery of deliveries) delivery.send(message);
  }

  const within = () => `within ${toDuration(config.intervalMs)}`;
  const idle = async () => {
    await Promise.all(deliveries.map((delivery) => delivery.idle()));
  };

  return {
    requestEnded(request) {
      if (isClosed || deliveries.length === 0) return;
      if (request.error === undefined || !failedEverywhere.has(request.error.code)) return;
      const words = toRequestWords(request);
      throttle.offer({
        cause: "requests",
        event: "request_failed",
        state: "trouble",
        upstream: undefined,
        sentence: `A call failed on every upstream: ${words}`,
        manySentence: (count) =>
          `${count} calls failed on every upstream ${within()}, the last one: ${words}`,
      });
    },

    healthChanged(change) {
      if (isClosed || deliveries.length === 0) return;
      const { upstream, upstreamId, keyLast4 = "", to } = change;
      const isKey = isAboutKey(change);
      const cause = isKey ? `key ${upstreamId} ${keyLast4}` : `upstream ${upstreamId}`;
      const since = out.get(cause);
      // What fails its test is out as it was before: that is no news.
      if (troubles.has(to) && since === undefined) {
        out.set(cause, clock.elapsed());
        const sentence = toOutSentence(change);
        throttle.offer({
          cause,
          event: isKey ? "key_out" : "upstream_out",
          state: "trouble",
          upstream,
          sentence,
          manySentence: (count) => `${sentence}. This was the time number ${count} ${within()}`,
        });
      } else if (whole.has(to) && since !== undefined) {
        out.delete(cause);
        const sentence = toBackSentence(change, { awayMs: clock.elapsed() - since });
        throttle.offer({
          cause,
          event: isKey ? "key_back" : "upstream_back",
          state: "recovery",
          upstream,
          sentence,
          manySentence: (count) => `${sentence}. It was out ${count} times ${within()}`,
        });
      }
    },

    idle,

    async close() {
      isClosed = true;
      throttle.close();
      const cancel = clock.after(closeMs, () => closing.abort());
      await idle();
      cancel();
    },
  };
}
