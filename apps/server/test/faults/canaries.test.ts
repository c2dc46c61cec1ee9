import {
  createPacedUpstream,
  drippingHead,
  endless,
  raw,
  reset,
  role,
  say,
  stall,
  startFakeUpstreamProcess,
  type FakeUpstreamProcess,
  type Reply,
} from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setFaultStage, type FaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { judgeAftermath, judgeEnding } from "./oracle.ts";
import { askV1 } from "./v1-caller.ts";

const streams = isFullSize ? 20 : 10;
const pace = { tokens: isFullSize ? 200 : 60, tokensPerSecond: 50 };
const gapMsMax = 100;

/** Faults that could keep the process from its other work. */
const faults: readonly (readonly [string, string, () => Reply])[] = [
  ["U12", "silence", () => ({ steps: [stall()] })],
  ["U15", "resets", () => ({ steps: [role(), say("x"), reset()] })],
  ["U25", "lines of 10 MB", () => ({ steps: [role(), raw("data: "), raw(Buffer.alloc(1e7, "x")), stall()] })],
  ["U26", "an endless answer", () => endless("x".repeat(100))],
  ["U27", "dripping heads", () => drippingHead(1)],
  ["U27", "a byte at a time", () => ({ splitAt: "every-byte", steps: [role(), say("x".repeat(2000))] })],
];

/** The gaps between reads of a stream. */
function createGaps(): { readonly onBytes: () => void; readonly gaps: readonly number[] } {
  const gaps: number[] = [];
  let last: number | undefined;
  return {
    gaps,
    onBytes() {
      const now = performance.now();
      if (last !== undefined) gaps.push(now - last);
      last = now;
    },
  };
}

function toPercentile99(gaps: readonly number[]): number {
  return gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length * 0.99)] ?? 0;
}

describe("U12, U15, U25, U26, U27: other streams beside a fault", () => {
  let paced: FakeUpstreamProcess;
  let stage: FaultStage;
  let text: string;
  beforeAll(async () => {
    paced = await startFakeUpstreamProcess(pace);
    await using known = await createPacedUpstream(pace);
    text = known.text;
    stage = await setFaultStage({
      upstreams: [paced.url, {}],
      entries: [{ models: ["canary"] }, { models: ["fault"] }],
      ownProcess: true,
      config: {
        gateway: { midstream: "off" },
        clocks: { first_byte_seconds: 2, first_token_seconds: 2, idle_seconds: 2 },
      },
    });
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    await paced[Symbol.asyncDispose]();
  });

  it.each(faults)("%s: lose nothing and are not held up (%s)", async (_id, _what, toReply) => {
    stage.upstreams[0]?.setReply(toReply);
    let isOver = false;
    const trouble = Array.from({ length: 2 }, async () => {
      while (!isOver) judgeEnding(await stage.ask({ model: "fault" }), stage.secrets);
    });
    const [through, direct] = [createGaps(), createGaps()];
    const canaries = Array.from({ length: streams }, () => stage.ask({ model: "canary" }, through));
    // What the machine is busy with besides holds up both.
    const control = Array.from({ length: streams }, () => askV1(paced.url.replace("/v1", ""), {}, direct));
    for (const heard of await Promise.all(canaries)) {
      expect(judgeEnding(heard, stage.secrets)).toBe("whole");
      expect(heard.text).toBe(text);
    }
    isOver = true;
    await Promise.all([...control, ...trouble]);
    expect(toPercentile99(through.gaps)).toBeLessThan(gapMsMax + 2 * toPercentile99(direct.gaps));
    await judgeAftermath(stage);
  });
});
