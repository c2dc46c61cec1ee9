import { describe, expect, it } from "vitest";
import { change, createStage, failedCall } from "./alert-stage.ts";
import { startReceiver } from "./receiver.ts";

const everybody = '<at user_id="all">all</at> @room\u202e\n\n';

async function stageWithWebhook() {
  const receiver = await startReceiver();
  const stage = createStage({ webhook: `${receiver.url}/hook` });
  const texts = async () => {
    await stage.alerts.idle();
    return receiver.received.map(({ body }) => body.text);
  };
  return { ...stage, receiver, texts };
}

describe("a call that failed on every upstream", () => {
  it("is told at once, with the model, the error and who was asked", async () => {
    const { alerts, receiver, texts } = await stageWithWebhook();
    alerts.requestEnded(failedCall());
    expect(await texts()).toEqual([
      "[edge-1] A call failed on every upstream: model gpt-4o, 502 upstream_unavailable, req_1 (main: connect_failed; second: overloaded)",
    ]);
    expect(receiver.received[0]?.body).toMatchObject({
      event: "request_failed",
      state: "trouble",
      count: 1,
      at: "2026-01-01T00:00:00.000Z",
      hostname: "edge-1",
      upstream: null,
    });
  });

  it("is told once a minute however often it happens, with the number and the last one", async () => {
    const { alerts, clock, texts } = await stageWithWebhook();
    for (let count = 0; count < 500; count++) {
      alerts.requestEnded(failedCall({ requestId: `req_${count}` }));
      clock.pass(100);
    }
    expect(await texts()).toHaveLength(1);
    clock.pass(10_000);
    const told = await texts();
    expect(told).toHaveLength(2);
    expect(told[1]).toContain("499 calls failed on every upstream within 60 s, the last one:");
    expect(told[1]).toContain("req_499");
    clock.pass(600_000);
    expect(await texts()).toHaveLength(2);
    alerts.requestEnded(failedCall());
    expect(await texts()).toHaveLength(3);
  });

  it.each([
    ["cancelled", false],
    ["rate_limited", false],
    ["upstream_rejected", false],
    ["context_too_long", false],
    ["model_not_found", false],
    ["upstream_auth", true],
    ["upstream_timeout", true],
    ["upstream_overloaded", true],
    ["answer_truncated", true],
  ] as const)("is one whose error is the upstreams' fault: %s, %j", async (code, isTold) => {
    const { alerts, texts } = await stageWithWebhook();
    alerts.requestEnded(failedCall({ code }));
    expect(await texts()).toHaveLength(isTold ? 1 : 0);
  });

  it("is not one that was answered", async () => {
    const { alerts, texts } = await stageWithWebhook();
    alerts.requestEnded({ ...failedCall({ status: 200 }), error: undefined });
    expect(await texts()).toEqual([]);
  });

  it("cannot be used to call everybody, to break the line or to show a key", async () => {
    const { alerts, texts } = await stageWithWebhook();
    alerts.requestEnded(failedCall({ model: `${everybody}sk-verysecretkey123 ${"x".repeat(5_000)}` }));
    const [text = ""] = (await texts()) as string[];
    expect(text).not.toMatch(/[<>@\n\u202e]|verysecretkey/);
    expect(text.length).toBeLessThan(400);
  });

  it("names only the first of many attempts", async () => {
    const { alerts, texts } = await stageWithWebhook();
    const attempts = Array.from({ length: 50 }, (_, index) => ({
      upstream: `u${index}`,
      outcome: "reset",
      message: undefined,
    }));
    alerts.requestEnded(failedCall({ attempts }));
    expect((await texts())[0]).toContain("u7: reset; and 42 more)");
    expect((await texts())[0]).not.toContain("u8:");
  });
});

describe("an upstream that is taken out", () => {
  it("is told when it goes and when it comes back", async () => {
    const { alerts, clock, texts, receiver } = await stageWithWebhook();
    alerts.healthChanged(change("closed", "open"));
    clock.pass(300_000);
    alerts.healthChanged(change("open", "half_open"));
    alerts.healthChanged(change("half_open", "closed"));
    expect(await texts()).toEqual([
      "[edge-1] Upstream main was taken out: 5 failures in a row",
      "[edge-1] Upstream main is back after 5 min",
    ]);
    expect(receiver.received.map(({ body }) => [body.event, body.state, body.upstream])).toEqual([
      ["upstream_out", "trouble", "main"],
      ["upstream_back", "recovery", "main"],
    ]);
  });

  it("is not told again while it stays out, test after test", async () => {
    const { alerts, clock, texts } = await stageWithWebhook();
    alerts.healthChanged(change("closed", "open"));
    for (let count = 0; count < 20; count++) {
      clock.pass(70_000);
      alerts.healthChanged(change("open", "half_open"));
      alerts.healthChanged(change("half_open", "open"));
    }
    expect(await texts()).toHaveLength(1);
  });

  it("that comes and goes is told once a minute, as it is at last, with how often it was out", async () => {
    const { alerts, clock, texts } = await stageWithWebhook();
    for (let count = 0; count < 5; count++) {
      alerts.healthChanged(change("closed", "open"));
      clock.pass(4_000);
      alerts.healthChanged(change("half_open", "closed"));
      clock.pass(4_000);
    }
    expect(await texts()).toHaveLength(1);
    clock.pass(60_000);
    const told = await texts();
    expect(told).toHaveLength(2);
    expect(told[1]).toBe("[edge-1] Upstream main is back after 4 s. It was out 4 times within 60 s");
  });

  it("that comes back within the minute is told when the minute is over", async () => {
    const { alerts, clock, receiver, texts } = await stageWithWebhook();
    alerts.healthChanged(change("closed", "open"));
    clock.pass(10_000);
    alerts.healthChanged(change("half_open", "closed"));
    expect(await texts()).toHaveLength(1);
    clock.pass(50_000);
    expect((await texts())[1]).toBe("[edge-1] Upstream main is back after 10 s");
    expect(receiver.received[1]?.body.count).toBe(1);
  });

  it("does not hold back the news of another one, nor of calls", async () => {
    const { alerts, texts } = await stageWithWebhook();
    alerts.healthChanged(change("closed", "open"));
    alerts.healthChanged({ ...change("closed", "open"), upstream: "second", upstreamId: "ups_2" });
    alerts.requestEnded(failedCall());
    expect(await texts()).toHaveLength(3);
  });
});

describe("a key", () => {
  it.each([
    ["rejected", "The key …abcd of upstream main is refused by its provider: 5 failures in a row"],
    ["quota", "The key …abcd of upstream main belongs to an account that is empty: 5 failures in a row"],
    ["open", "The key …abcd of upstream main was taken out: 5 failures in a row"],
  ])("that is taken out is told, and when it is back: %s", async (to, sentence) => {
    const { alerts, clock, texts } = await stageWithWebhook();
    alerts.healthChanged(change("ok", to, "abcd"));
    clock.pass(60_000);
    alerts.healthChanged(change(to, "ok", "abcd"));
    expect(await texts()).toEqual([
      `[edge-1] ${sentence}`,
      "[edge-1] The key …abcd of upstream main is back after 60 s",
    ]);
  });

  it("that only rests after a 429 is not told", async () => {
    const { alerts, texts } = await stageWithWebhook();
    alerts.healthChanged(change("ok", "cooling", "abcd"));
    alerts.healthChanged(change("cooling", "ok", "abcd"));
    expect(await texts()).toEqual([]);
  });

  it("that is too short to show its end is still a key", async () => {
    const { alerts, texts } = await stageWithWebhook();
    alerts.healthChanged(change("ok", "rejected"));
    expect((await texts())[0]).toContain("A key of upstream main is refused");
  });
});
