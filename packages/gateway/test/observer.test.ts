import { answer, createFakeUpstream, fail, say, stall } from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import { createGateway } from "../src/index.ts";
import { ask, openGateway, shortClocks, toUpstream } from "./ask-gateway.ts";

test("tells the observer of each attempt once, with what it took and what it came to", async () => {
  await using bad = await createFakeUpstream({ reply: fail(503, { error: { message: "full\nup" } }) });
  await using good = await createFakeUpstream({ reply: answer("x") });
  await using under = openGateway([
    toUpstream(bad, { name: "bad", keys: ["sk-aaaaaaaaaaaa1111"], aliases: { m: "bad-m" } }),
    toUpstream(good, { name: "good", keys: [] }),
  ]);
  await ask(under.gateway, { id: "run_7", model: "m" });
  const [first, second] = under.reports;
  expect(first).toEqual({
    requestId: "run_7",
    upstream: "bad",
    upstreamId: expect.any(String),
    keyLast4: "1111",
    model: "bad-m",
    outcome: "overloaded",
    status: 503,
    message: "status 503: full up",
    connectMs: expect.any(Number),
    firstByteMs: expect.any(Number),
    firstTokenMs: undefined,
    totalMs: expect.any(Number),
    framesMalformed: 0,
    usage: undefined,
  });
  expect(second).toMatchObject({
    requestId: "run_7",
    upstream: "good",
    keyLast4: undefined,
    outcome: "done",
    status: 200,
    message: undefined,
    usage: { promptTokens: 11, completionTokens: 7 },
  });
  const { connectMs = 0, firstByteMs = 0, firstTokenMs = 0, totalMs = 0 } = second ?? {};
  expect([connectMs, firstByteMs, firstTokenMs, totalMs]).toEqual(
    [connectMs, firstByteMs, firstTokenMs, totalMs].toSorted((a, b) => a - b),
  );
  expect(under.reports).toHaveLength(2);
});

test("an observer that throws changes nothing", async () => {
  await using upstream = await createFakeUpstream({ reply: answer("x") });
  await using gateway = (() => {
    const made = createGateway({
      upstreams: [toUpstream(upstream)],
      observer: {
        attemptEnded: () => {
          throw new Error("a bug of the observer");
        },
      },
    });
    return { ...made, [Symbol.asyncDispose]: () => made.close() };
  })();
  expect((await ask(gateway)).text).toBe("x");
});

test("reports what an upstream's own clocks decided", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say("x"), stall()] } });
  await using under = openGateway([toUpstream(upstream, { clocks: { idleMs: shortClocks.idleMs } })]);
  await ask(under.gateway);
  expect(under.reports[0]).toMatchObject({ outcome: "idle_timeout", message: "the answer stalled" });
  expect(under.reports[0]?.totalMs).toBeLessThan(1000);
});
