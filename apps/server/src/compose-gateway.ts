import { createGateway, type AttemptReport, type Gateway, type HealthChange } from "@llm-backend/gateway";
import type { Logger } from "pino";
import type { Config } from "./config/to-config.ts";

/** Who listens to the gateway. */
export type GatewayListeners = {
  readonly attemptEnded: ((report: AttemptReport) => void)[];
  readonly healthChanged: ((change: HealthChange) => void)[];
};

/** The gateway of a configuration, still without upstreams, and whoever listens to it: they come after it. */
export function composeGateway(
  config: Config,
  logger: Logger,
): { readonly gateway: Gateway; readonly listeners: GatewayListeners } {
  const listeners: GatewayListeners = {
    attemptEnded: [(report) => logAttempt(logger, report)],
    healthChanged: [(change) => logHealth(logger, change)],
  };
  const { policy, fallbacks, midstream, deadlineMs, discovers, queueMs, retry, breaker, keyRest } =
    config.gateway;
  const gateway = createGateway({
    upstreams: [],
    providers: config.providers,
    clocks: toClocks(config.clocks),
    limits: { answerBytesMax: config.chat.answer_bytes_max },
    pool: { policy, queueMs, retry, breaker, keyRest },
    fallbacks,
    midstream,
    deadlineMs,
    discovers,
    observer: {
      attemptEnded(report) {
        for (const listener of listeners.attemptEnded) listener(report);
      },
      healthChanged(change) {
        for (const listener of listeners.healthChanged) listener(change);
      },
    },
  });
  return { gateway, listeners };
}

function logAttempt(logger: Logger, report: AttemptReport): void {
  const isFine = report.outcome === "done" || report.outcome === "cancelled";
  // Most attempts are fine, and an entry that nobody sees should cost nothing.
  if (isFine && !logger.isLevelEnabled("debug")) return;
  logger[isFine ? "debug" : "warn"]({ attempt: report }, "attempt");
}

function logHealth(logger: Logger, change: HealthChange): void {
  const isBack = change.to === "closed" || change.to === "ok";
  const what = change.keyLast4 === undefined ? "" : ` (key …${change.keyLast4})`;
  const sentence = `Upstream ${change.upstream}${what}: ${change.from} → ${change.to}, ${change.reason}`;
  logger[isBack || change.to === "half_open" ? "info" : "warn"](sentence);
}

function toClocks(clocks: Config["clocks"]) {
  return {
    connectMs: clocks.connect_seconds * 1000,
    firstByteMs: clocks.first_byte_seconds * 1000,
    wholeAnswerMs: clocks.whole_answer_seconds * 1000,
    firstTokenMs: clocks.first_token_seconds * 1000,
    idleMs: clocks.idle_seconds * 1000,
  };
}
