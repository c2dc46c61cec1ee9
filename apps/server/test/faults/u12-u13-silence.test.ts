import {
  answerAsAsked,
  comment,
  drippingHead,
  finish,
  head,
  inCharacters,
  role,
  say,
  stall,
  wait,
  type Reply,
  type Step,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage, silent, type StageUpstream } from "./fault-stage.ts";
import { faces, goodText, judgeAlone, judgeFace, judgePast, v1Faces } from "./judge-fault.ts";
import { judge } from "./oracle.ts";

const timeout = { status: 504, code: "upstream_timeout" };

const silences: readonly (readonly [string, string, StageUpstream, string])[] = [
  ["U12", "takes the request and says nothing", { steps: [stall()] }, "first_byte_timeout"],
  ["U13", "says nothing after its head", { steps: [head(), stall()] }, "first_token_timeout"],
  [
    "U13",
    "says nothing after naming the role",
    { steps: [role(), comment(), stall()] },
    "first_token_timeout",
  ],
];

describe.each(silences)("%s: the upstream %s", (id, _what, upstream, outcome) => {
  it.each(faces)(`${id}: another one answers, and it is asked only once (%s)`, async (face) => {
    // In one piece, a head without a body is a part of an answer that comes too late.
    const outcomes = [outcome, ...(face === "whole" ? ["first_byte_timeout", "idle_timeout"] : [])];
    const { calls, stage } = await judgePast({ upstream, entry: silent, outcome: outcomes }, face);
    expect(calls).toEqual([1, 1]);
    expect((await stage.upstreams[0]?.calls[0]?.closed)?.by).toBe("client");
  });

  it.each(faces)(`${id}: all keep silent: the caller is told that it took too long (%s)`, async (face) => {
    const { calls } = await judgeAlone({ upstream, entry: silent }, face, timeout);
    expect(calls).toEqual([1, 1]);
  });
});

describe("U12: the first byte has a clock", () => {
  it.each(v1Faces)(
    "U12: the next one is asked when it has run down, not earlier or much later (%s)",
    async (face) => {
      const { stage } = await judgePast({ upstream: { steps: [stall()] }, entry: silent }, face);
      const [first, second] = stage.upstreams.map(({ calls }) => calls[0]?.at ?? 0);
      expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(290);
      expect((second ?? 0) - (first ?? 0)).toBeLessThan(1000);
    },
  );

  it("U12: an upstream has clocks of its own", async () => {
    const slow: Reply = { steps: [wait(600), role(), say(goodText), finish()] };
    await using stage = await setFaultStage({
      upstreams: [slow, answerAsAsked("from the other")],
      entries: [{ clocks: { first_byte_seconds: 30 } }],
      config: silent,
    });
    expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
  });

  it("U12: a single upstream is given the long time of the earlier gateway's file", async () => {
    await using stage = await setFaultStage({
      upstreams: [{ steps: [stall()] }],
      entries: [{ timeout: 0.4, stream_timeout: 0.05 }],
    });
    const heard = await stage.ask();
    expect(await judge(stage, heard, "")).toBe("refused");
    expect([heard.status, heard.totalMs > 350]).toEqual([504, true]);
  });
});

describe("U13: nothing but real content holds the first token's clock", () => {
  it.each(["stream", "chat"] as const)("U13: pings and roles do not (%s)", async (face) => {
    const ping = (): Reply => {
      async function* steps(): AsyncGenerator<Step> {
        for (;;) {
          yield role();
          yield comment();
          yield wait(20);
        }
      }
      return { steps: steps() };
    };
    await judgePast({ upstream: ping, entry: silent, outcome: "first_token_timeout" }, face);
  });

  it("U13: the caller's head waits for content", async () => {
    await using stage = await setFaultStage({
      upstreams: [{ steps: [head(), role(), wait("content"), say("late"), finish()] }],
    });
    let isAnswered = false;
    const asking = stage.ask({}, { onBytes: () => (isAnswered = true) });
    await stage.upstreams[0]?.nextCall();
    // Whoever asks for something else meanwhile gets it, so the silence is not for want of turns.
    for (let count = 0; count < 5; count++) await fetch(`${stage.backend.url}/healthz`);
    expect(isAnswered).toBe(false);
    stage.upstreams[0]?.open("content");
    expect(await judge(stage, await asking, "late")).toBe("whole");
  });
});

describe("U27: the upstream drips", () => {
  it.each(faces)("U27: a head that drips does not put off the first byte's clock (%s)", async (face) => {
    await judgePast({ upstream: () => drippingHead(20), entry: silent, outcome: "first_byte_timeout" }, face);
  });

  it.each(["stream", "chat"] as const)("U27: every byte in a write of its own (%s)", async (face) => {
    const reply: Reply = { ...inCharacters("字 für 字 😀"), splitAt: "every-byte" };
    await using stage = await setFaultStage({ upstreams: [reply] });
    expect((await judgeFace(stage, face, "字 für 字 😀")).verdict).toBe("whole");
  });

  it("U27: a head that drips in one piece of an answer is no answer either", async () => {
    await judgeAlone({ upstream: () => drippingHead(20), entry: silent }, "whole", timeout);
  });
});
