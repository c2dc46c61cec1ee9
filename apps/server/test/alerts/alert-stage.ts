import { DomainError, type ErrorCode } from "@llm-backend/contract";
import { onTestFinished } from "vitest";
import { createAlerts } from "../../src/alerts/create-alerts.ts";
import type { Config } from "../../src/config/to-config.ts";
import type { WatchedHealthChange, WatchedRequest } from "../../src/metrics/watched-events.ts";
import { createHandClock } from "./hand-clock.ts";

/** Creates alerts with a clock in the test's hand, and keeps what they log. */
export function createStage(channels: Partial<Config["alerts"]>, timeoutMs = 5000) {
  const clock = createHandClock();
  const logged: { fields: object; message: string }[] = [];
  const ended: string[] = [];
  const alerts = createAlerts({
    config: {
      feishuWebhook: undefined,
      matrix: undefined,
      matrixApi: undefined,
      webhook: undefined,
      intervalMs: 60_000,
      hostname: "edge-1",
      ...channels,
    },
    logger: { warn: (fields: object, message: string) => void logged.push({ fields, message }) } as never,
    onEnd: (channel, outcome) => void ended.push(`${channel} ${outcome}`),
    clock,
    timeoutMs,
  });
  onTestFinished(() => alerts.close());
  return { alerts, clock, logged, ended };
}

/** A call that every upstream failed to answer. */
export function failedCall(fields: Partial<WatchedRequest> & { code?: ErrorCode } = {}): WatchedRequest {
  const { code = "upstream_unavailable", ...rest } = fields;
  return {
    requestId: "req_1",
    kind: "chat",
    model: "gpt-4o",
    status: 502,
    error: new DomainError(code),
    attempts: [
      { upstream: "main", outcome: "connect_failed", message: "refused" },
      { upstream: "second", outcome: "overloaded", message: "529" },
    ],
    firstByteMs: undefined,
    totalMs: 12,
    ...rest,
  };
}

/** A change of the upstream `main`, or of one of its keys. */
export function change(from: string, to: string, keyLast4?: string): WatchedHealthChange {
  return { upstream: "main", upstreamId: "ups_1", keyLast4, from, to, reason: "5 failures in a row" };
}
