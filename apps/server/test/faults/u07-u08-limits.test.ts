import { answer, answerAsAsked, fail, type Reply } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage, type FaultStage } from "./fault-stage.ts";
import { faces, goodText, judgeAlone, judgePast } from "./judge-fault.ts";
import { judge } from "./oracle.ts";

const slowDown = { error: { message: "Rate limit reached", type: "requests", code: "rate_limit_exceeded" } };
const limited = { status: 429, code: "upstream_rate_limited" };

/** Asks until the first upstream is asked again, and says how long it was left alone, in milliseconds. */
async function measureRest(stage: FaultStage): Promise<number> {
  const [first] = stage.upstreams;
  const until = performance.now() + 6_000;
  while ((first?.calls.length ?? 0) < 2) {
    if (performance.now() > until) throw new Error("The first upstream is not asked again.");
    expect(["from the first", goodText]).toContain((await stage.ask()).text);
  }
  const [before, after] = first?.calls ?? [];
  return (after?.at ?? 0) - (before?.at ?? 0);
}

describe("U07: the upstream limits the rate and says for how long", () => {
  const toDate = (ms: number) => new Date(Date.now() + ms).toUTCString();
  it.each([
    ["as milliseconds", () => ({ "retry-after-ms": "400" }), 400],
    ["as seconds", () => ({ "retry-after": "1" }), 1000],
    // A date has whole seconds: what is two seconds away may be said to be one.
    ["as a date", () => ({ "retry-after": toDate(2000) }), 950],
  ] as const)("U07: it is left alone for just that time (%s)", async (_form, toHeaders, least) => {
    await using stage = await setFaultStage({
      upstreams: [answer("from the first"), answerAsAsked(goodText)],
    });
    stage.upstreams[0]?.enqueue(fail(429, slowDown, toHeaders()));
    const rest = await measureRest(stage);
    expect(rest).toBeGreaterThanOrEqual(least - 10);
    expect(rest).toBeLessThan(2 * least + 500);
  });

  it.each(faces)("U07: another one answers meanwhile (%s)", async (face) => {
    const upstream = fail(429, slowDown, { "retry-after": "20" });
    await judgePast({ upstream, outcome: "rate_limited" }, face);
  });

  it.each(faces)("U07: all are limited: the caller learns when to come back (%s)", async (face) => {
    const upstream = fail(429, slowDown, { "retry-after": "20" });
    const { heard } = await judgeAlone({ upstream }, face, limited);
    if (heard !== undefined) expect(Number(heard.headers["retry-after"])).toBeOneOf([19, 20]);
  });

  it("U07: the shortest of several waits is the one that counts", async () => {
    const limitedFor = (seconds: string) => fail(429, slowDown, { "retry-after": seconds });
    await using stage = await setFaultStage({
      upstreams: [limitedFor("40"), limitedFor("7"), limitedFor("900")],
    });
    for (let count = 0; count < 3; count++) {
      const heard = await stage.ask();
      expect(await judge(stage, heard, "")).toBe("refused");
      expect([heard.status, Number(heard.headers["retry-after"])]).toEqual([429, expect.toBeOneOf([6, 7])]);
    }
    expect(stage.upstreams.map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  });

  it("U07: one limited key does not rest the others of its upstream", async () => {
    const keys = ["sk-canary-limited-1b2c3d4e5f", "sk-canary-free-6a7b8c9d0e"];
    await using stage = await setFaultStage({
      upstreams: [
        (call) =>
          call.headers.authorization?.includes("limited") === true
            ? fail(429, slowDown, { "retry-after": "20" })
            : answerAsAsked(goodText)(call),
      ],
      entries: [{ sk: undefined, keys }],
    });
    for (let count = 0; count < 6; count++) {
      expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
    }
    const used = stage.upstreams[0]?.calls.map(({ headers }) => headers.authorization) ?? [];
    expect(used.filter((header) => header?.includes("limited")).length).toBeLessThanOrEqual(1);
  });
});

const quota = { error: { message: "You exceeded your current quota", code: "insufficient_quota" } };
const spent = {
  error: { message: "Monthly spend limit reached", type: "billing_error", code: "spend_limit" },
};

describe("U08: the upstream limits the rate and does not say for how long, or the account is empty", () => {
  it.each([
    ["no time is said", fail(429, slowDown), "rate_limited"],
    ["the quota is used up", fail(429, quota), "quota"],
    ["the account is empty", fail(402, { error: { message: "Insufficient Balance" } }), "quota"],
    ["the spend limit is reached", fail(429, spent), ["quota", "rate_limited"]],
  ] as const)("U08: another one answers (%s)", async (_what, upstream: Reply, outcome) => {
    for (const face of faces) await judgePast({ upstream, outcome }, face);
  });

  it("U08: an empty account is not asked again, however often one asks", async () => {
    await using stage = await setFaultStage({ upstreams: [fail(429, quota), answerAsAsked(goodText)] });
    for (let count = 0; count < 20; count++) {
      expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
    }
    expect(stage.upstreams[0]?.calls).toHaveLength(1);
  });

  it("U08: without a time, it is left alone for a while at least", async () => {
    await using stage = await setFaultStage({ upstreams: [fail(429, slowDown), answerAsAsked(goodText)] });
    for (let count = 0; count < 10; count++) {
      expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
    }
    expect(stage.upstreams[0]?.calls.length).toBeLessThan(4);
  });

  it.each([
    ["rate", fail(429, slowDown)],
    ["quota", fail(429, quota)],
  ] as const)("U08: all are at their limit: the caller is told so (%s)", async (_what, upstream) => {
    await judgeAlone({ upstream }, "stream", limited);
    await judgeAlone({ upstream }, "whole", limited);
  });
});
