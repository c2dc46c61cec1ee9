import {
  answerAsAsked,
  createFakeUpstream,
  fail,
  finish,
  head,
  reset,
  role,
  say,
  wait,
  type Call,
  type Reply,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { setFaultStage, type FaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { goodText } from "./judge-fault.ts";
import { judge, judgeAftermath, judgeEnding } from "./oracle.ts";

/** Numbers that look random and are the same every time. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Asks so many times, eight at once, and counts what came. */
async function askOften(stage: FaultStage, requests: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let left = requests;
  const ask = async () => {
    while (left-- > 0) {
      const heard = await stage.ask({ stream: left % 2 === 0 });
      const verdict = judgeEnding(heard, stage.secrets);
      const key = verdict === "whole" ? verdict : `${verdict} ${heard.status} ${heard.body.slice(-200)}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  return counts;
}

describe("U34: one of three upstreams flaps", () => {
  const requests = isFullSize ? 5_000 : 450;
  const kinds: readonly (readonly [string, Reply])[] = [
    ["500", fail(500)],
    ["503", fail(503)],
    // Behind a head: a connection that is closed before any byte came may be an old one, which is nobody's fault.
    ["a reset", { steps: [head(), reset()] }],
  ];

  it.each(kinds)(
    "U34: half of its answers are %s: no caller sees it",
    async (_what, bad) => {
      const random = createRandom(34);
      const flapping = (call: Call): Reply => (random() < 0.5 ? bad : answerAsAsked(goodText)(call));
      const good = answerAsAsked(goodText);
      await using stage = await setFaultStage({
        upstreams: [flapping, good, good],
        config: { lb_policy: "round_robin" },
      });
      expect(await askOften(stage, requests)).toEqual({ whole: requests });
      const [flaps = 0, ...others] = stage.upstreams.map(({ calls }) => calls.length);
      // It is taken out, and let in again only to look.
      expect(flaps).toBeLessThan(Math.min(...others) / 2);
      await judgeAftermath(stage);
    },
    300_000,
  );

  it("U34: on and off: it is asked again once it is well", async () => {
    let isWell = false;
    await using stage = await setFaultStage({
      upstreams: [(call) => (isWell ? answerAsAsked(goodText)(call) : fail(500)), answerAsAsked(goodText)],
      config: { gateway: { breaker: { open_seconds: 0.2 } } },
    });
    expect(await askOften(stage, 60)).toEqual({ whole: 60 });
    isWell = true;
    const before = stage.upstreams[0]?.calls.length ?? 0;
    await until(async () => {
      expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
      return (stage.upstreams[0]?.calls.length ?? 0) > before + 3;
    }, "the first upstream is asked again");
  });
});

describe("U35: every upstream is down, and then they are back", () => {
  it("U35: callers are refused at once, with a time; afterwards they are served again", async () => {
    const first = await createFakeUpstream({ reply: answerAsAsked(goodText) });
    const second = await createFakeUpstream({ reply: answerAsAsked(goodText) });
    await using stage = await setFaultStage({
      upstreams: [first.url, second.url],
      config: { gateway: { breaker: { open_seconds: 0.3 } } },
    });
    expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
    await first.close();
    await second.close();
    const refusals = [];
    for (let count = 0; count < 30; count++) refusals.push(await stage.ask({ stream: count % 2 === 0 }));
    for (const heard of refusals) expect(judgeEnding(heard, stage.secrets)).toBe("refused");
    // One of them now and then is told how it went when it looked whether they are back.
    const statuses = refusals.slice(-10).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(5);
    expect(statuses.filter((status) => status !== 503 && status !== 502)).toEqual([]);
    const waits = refusals.map(({ totalMs }) => totalMs).toSorted((one, other) => one - other);
    expect(waits[0]).toBeLessThan(100);
    // A busy machine holds up one or another of them, but hardly most.
    expect(waits[Math.floor(waits.length * 0.8)]).toBeLessThan(500);
    expect(waits.at(-1)).toBeLessThan(5_000);

    await using again = await createFakeUpstream({ port: first.port, reply: answerAsAsked(goodText) });
    const backAt = performance.now();
    await until(async () => (await stage.ask()).status === 200, "somebody is served again");
    expect(performance.now() - backAt).toBeLessThan(2_000);
    const counts = await askOften(stage, 40);
    expect(counts).toEqual({ whole: 40 });
    // Those who waited do not all come at once to the one that looks well.
    expect(again.calls.length).toBeLessThan(60);
    await judgeAftermath(stage);
  });

  it("U35: whoever comes back is looked at by one request, not by all that wait", async () => {
    let isDown = true;
    const reply = (call: Call): Reply => (isDown ? fail(503) : answerAsAsked(goodText)(call));
    await using stage = await setFaultStage({
      upstreams: [reply],
      config: { gateway: { breaker: { open_seconds: 0.3 } } },
    });
    await askOften(stage, 20);
    const before = stage.upstreams[0]?.calls.length ?? 0;
    isDown = true;
    // Over about one opening of the breaker.
    const windowEnd = performance.now() + 400;
    while (performance.now() < windowEnd)
      await Promise.all([stage.ask(), stage.ask(), stage.ask(), stage.ask()]);
    expect((stage.upstreams[0]?.calls.length ?? 0) - before).toBeLessThan(6);
    isDown = false;
    await until(async () => (await stage.ask()).status === 200, "it is asked again");
    await judgeAftermath(stage);
  });
});

describe("U36: an upstream becomes slow, without a single error", () => {
  it("U36: it gets as many as it may, a few wait, the rest is refused at once; others do not notice", async () => {
    const slow: Reply = { steps: [wait("slow"), role(), say(goodText), finish()] };
    await using stage = await setFaultStage({
      upstreams: [() => slow, answerAsAsked(goodText)],
      entries: [{ models: ["slow"], concurrency_max: 3, queue_max: 2 }, { models: ["other"] }],
      config: { clocks: { first_byte_seconds: 20 }, gateway: { queue_seconds: 20 } },
    });
    const asking = Array.from({ length: 12 }, () => stage.ask({ model: "slow" }));
    await until(() => (stage.upstreams[0]?.calls.length ?? 0) === 3, "three are at the slow one");
    const others = await Promise.all(Array.from({ length: 20 }, () => stage.ask({ model: "other" })));
    for (const heard of others) expect(judgeEnding(heard, stage.secrets)).toBe("whole");
    expect(stage.upstreams[0]?.calls).toHaveLength(3);

    const settled: number[] = [];
    for (const one of asking) void one.then(({ status }) => settled.push(status));
    await until(() => settled.length === 7, "those beyond the queue are refused");
    expect(settled).toEqual(settled.map(() => 503));
    stage.upstreams[0]?.open("slow");
    const heard = await Promise.all(asking);
    const verdicts = heard.map((one) => judgeEnding(one, stage.secrets));
    expect(verdicts.filter((verdict) => verdict === "whole")).toHaveLength(5);
    await judgeAftermath(stage);
  });

  it("U36: whoever waits too long is refused", async () => {
    await using stage = await setFaultStage({
      upstreams: [() => ({ steps: [wait("slow"), role(), say(goodText), finish()] })],
      entries: [{ concurrency_max: 1, queue_max: 5 }],
      config: { clocks: { first_byte_seconds: 20 }, gateway: { queue_seconds: 0.2 } },
    });
    const first = stage.ask();
    await stage.upstreams[0]?.nextCall();
    const second = await stage.ask();
    expect(judgeEnding(second, stage.secrets)).toBe("refused");
    expect([second.status, second.totalMs > 150]).toEqual([503, true]);
    stage.upstreams[0]?.open("slow");
    expect(await judge(stage, await first, goodText)).toBe("whole");
  });

  it("U36: the next upstream takes what does not fit", async () => {
    await using stage = await setFaultStage({
      upstreams: [
        () => ({ steps: [wait("slow"), role(), say(goodText), finish()] }),
        answerAsAsked(goodText),
      ],
      entries: [{ concurrency_max: 1 }],
      config: { clocks: { first_byte_seconds: 20 } },
    });
    const first = stage.ask();
    await stage.upstreams[0]?.nextCall();
    for (let count = 0; count < 5; count++) {
      expect(judgeEnding(await stage.ask(), stage.secrets)).toBe("whole");
    }
    stage.upstreams[0]?.open("slow");
    expect(await judge(stage, await first, goodText)).toBe("whole");
  });
});
