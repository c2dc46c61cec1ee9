import { DomainError } from "@llm-backend/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/metrics/create-metrics.ts";
import type { WatchedAttempt, WatchedRequest, WatchedUpstream } from "../../src/metrics/watched-events.ts";
import { parsePrometheus } from "./prometheus-text.ts";

const attempt = (fields: Partial<WatchedAttempt> = {}): WatchedAttempt => ({
  upstream: "main",
  outcome: "done",
  firstTokenMs: undefined,
  framesMalformed: 0,
  usage: undefined,
  ...fields,
});

const request = (fields: Partial<WatchedRequest> = {}): WatchedRequest => ({
  requestId: "req_1",
  kind: "chat",
  model: "gpt-4o",
  status: 200,
  error: undefined,
  attempts: [],
  firstByteMs: 20,
  totalMs: 300,
  ...fields,
});

const upstream = (fields: Partial<WatchedUpstream> = {}): WatchedUpstream => ({
  name: "main",
  breaker: "closed",
  keys: [{ state: "ok" }],
  inFlight: 0,
  waiting: 0,
  ...fields,
});

const create = () => {
  const metrics = createMetrics({ version: "1.2.3" });
  return { metrics, read: async () => parsePrometheus(await metrics.render()) };
};

describe("metrics", () => {
  it("count calls by kind, status and outcome, and those under way", async () => {
    const { metrics, read } = create();
    for (let count = 0; count < 4; count++) metrics.requestStarted();
    metrics.requestEnded(request());
    metrics.requestEnded(request());
    metrics.requestEnded(
      request({
        kind: "other",
        status: undefined,
        error: new DomainError("cancelled"),
        firstByteMs: undefined,
      }),
    );
    const { find } = await read();
    const requests = (kind: string, status: string, outcome: string) =>
      find("llm_backend_requests_total", { kind, status, outcome });
    expect(requests("chat", "2xx", "done")).toBe(2);
    expect(requests("other", "4xx", "cancelled")).toBe(1);
    metrics.requestRefused({ kind: "other", status: undefined, error: new DomainError("rate_limited") });
    const { find: findLater } = await read();
    expect(
      findLater("llm_backend_requests_total", { kind: "other", status: "4xx", outcome: "rate_limited" }),
    ).toBe(1);
    expect(findLater("llm_backend_requests_in_flight")).toBe(1);
    expect(find("llm_backend_requests_in_flight")).toBe(1);
    expect(find("llm_backend_request_duration_seconds_count", { kind: "chat" })).toBe(2);
    expect(find("llm_backend_request_duration_seconds_sum", { kind: "chat" })).toBeCloseTo(0.6);
    expect(find("llm_backend_request_duration_seconds_bucket", { kind: "chat", le: "0.25" })).toBe(0);
    expect(find("llm_backend_request_duration_seconds_bucket", { kind: "chat", le: "0.5" })).toBe(2);
    expect(find("llm_backend_request_first_byte_seconds_count", { kind: "other" })).toBeUndefined();
  });

  it("count attempts, tokens of those that answered, and the time to the first of them", async () => {
    const { metrics, read } = create();
    const usage = { promptTokens: 100, completionTokens: 7, cachedTokens: 64, reasoningTokens: 0 };
    metrics.attemptEnded(attempt({ firstTokenMs: 240, usage }));
    metrics.attemptEnded(attempt({ firstTokenMs: 20_000, usage, framesMalformed: 2 }));
    metrics.attemptEnded(attempt({ outcome: "reset", usage }));
    const { find } = await read();
    expect(find("llm_backend_attempts_total", { upstream: "main", outcome: "done" })).toBe(2);
    expect(find("llm_backend_attempts_total", { upstream: "main", outcome: "reset" })).toBe(1);
    const tokens = (name: string) => find("llm_backend_tokens_total", { upstream: "main", class: name });
    expect(["input", "cached_input", "output", "reasoning"].map(tokens)).toEqual([200, 128, 14, undefined]);
    expect(find("llm_backend_frames_malformed_total", { upstream: "main" })).toBe(2);
    const firstToken = (le: string) =>
      find("llm_backend_first_token_seconds_bucket", { upstream: "main", le });
    expect(["0.2", "0.35", "10", "30", "+Inf"].map(firstToken)).toEqual([0, 1, 1, 2, 2]);
  });

  it("show every upstream as it is at that moment, and nothing of those that are gone", async () => {
    const { metrics, read } = create();
    const upstreams = [
      upstream({ inFlight: 3, waiting: 1, keys: [{ state: "ok" }, { state: "cooling" }, { state: "ok" }] }),
      upstream({ name: "second", breaker: "open", keys: [] }),
    ];
    metrics.watch({ health: () => upstreams, recordsShed: () => 12 });
    metrics.healthChanged({
      upstream: "second",
      upstreamId: "ups_2",
      keyLast4: undefined,
      from: "closed",
      to: "open",
      reason: "5 failures in a row",
    });
    const { find } = await read();
    expect(find("llm_backend_upstream_breaker_state", { upstream: "main" })).toBe(0);
    expect(find("llm_backend_upstream_breaker_state", { upstream: "second" })).toBe(2);
    expect(find("llm_backend_upstream_in_flight", { upstream: "main" })).toBe(3);
    expect(find("llm_backend_upstream_waiting", { upstream: "main" })).toBe(1);
    expect(find("llm_backend_upstream_keys", { upstream: "main", state: "ok" })).toBe(2);
    expect(find("llm_backend_upstreams", { breaker: "open" })).toBe(1);
    expect(find("llm_backend_upstreams", { breaker: "half_open" })).toBe(0);
    expect(find("llm_backend_records_shed_total")).toBe(12);
    const change = { upstream: "second", what: "upstream", to: "open" };
    expect(find("llm_backend_health_changes_total", change)).toBe(1);
    upstreams.pop();
    expect((await read()).find("llm_backend_upstream_breaker_state", { upstream: "second" })).toBeUndefined();
  });

  it("have no more lines however many upstreams there are, and lose no count", async () => {
    const { metrics, read } = create();
    const names = Array.from({ length: 1_000 }, (_, index) => `upstream-${index}`);
    metrics.watch({ health: () => names.map((name) => upstream({ name })) });
    for (const name of names) metrics.attemptEnded(attempt({ upstream: name }));
    const { samples, find } = await read();
    const attempts = samples.filter(({ name }) => name === "llm_backend_attempts_total");
    expect(attempts).toHaveLength(201);
    expect(attempts.reduce((sum, { value }) => sum + value, 0)).toBe(1_000);
    expect(find("llm_backend_attempts_total", { upstream: "other", outcome: "done" })).toBe(800);
    expect(find("llm_backend_upstreams", { breaker: "closed" })).toBe(1_000);
    expect(samples.filter(({ name }) => name === "llm_backend_upstream_in_flight")).toHaveLength(200);
  });

  it("never name a model, a caller or a key", async () => {
    const { metrics } = create();
    metrics.requestStarted();
    metrics.requestEnded(request({ model: "model-of-a-caller", requestId: "req_secret" }));
    expect(await metrics.render()).not.toMatch(/model-of-a-caller|req_secret/);
  });

  it("have the process and its event loop, and the version", async () => {
    const { find, types } = await create().read();
    expect(find("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
    expect(types.get("nodejs_eventloop_lag_p99_seconds")).toBe("gauge");
    expect(find("llm_backend_info", { version: "1.2.3" })).toBe(1);
  });

  it("can be read whatever an upstream is called", async () => {
    const { metrics, read } = create();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), async (name) => {
        metrics.attemptEnded(attempt({ upstream: name, outcome: "quoted" }));
        await expect(read()).resolves.toBeDefined();
      }),
      { numRuns: 30 },
    );
    metrics.attemptEnded(attempt({ upstream: 'a"b\\c' }));
    const { find } = await read();
    expect(find("llm_backend_attempts_total", { upstream: 'a"b\\c', outcome: "done" })).toBe(1);
  });

  it("ignore times that are none", async () => {
    const { metrics, read } = create();
    for (const firstTokenMs of [Number.NaN, -5, Infinity]) metrics.attemptEnded(attempt({ firstTokenMs }));
    expect((await read()).find("llm_backend_first_token_seconds_count", { upstream: "main" })).toBe(0);
  });
});
