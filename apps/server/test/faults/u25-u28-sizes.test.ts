import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  answerAsAsked,
  endless,
  finish,
  gzipBomb,
  page,
  raw,
  renderBody,
  role,
  say,
  stall,
  type Reply,
} from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setFaultStage, type FaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { faces, goodText, judgeFace, judgePast, v1Faces } from "./judge-fault.ts";
import { judge } from "./oracle.ts";
import { readProcessUsage } from "./process-usage.ts";

const mebibyte = 1024 * 1024;
const megabytes = isFullSize ? [1, 10, 100] : [1, 10];
const said = "It begins well";

describe("U25, U28: what is too large, before a process of its own", () => {
  let stage: FaultStage;
  beforeAll(async () => {
    stage = await setFaultStage({
      upstreams: [answerAsAsked("begins"), answerAsAsked(goodText)],
      ownProcess: true,
      config: {
        clocks: { first_byte_seconds: 10, first_token_seconds: 10, idle_seconds: 10 },
        gateway: { midstream: "off", breaker: { failures_in_a_row: 10_000, requests_min: 100_000 } },
      },
    });
    // What is compiled at the first request is none of the fault's costs.
    for (let count = 0; count < 20; count++) await stage.ask();
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  /** Runs something, and says what it cost the backend. */
  async function measure(
    task: () => Promise<void>,
  ): Promise<{ cpuMs: number; rssBytes: number } | undefined> {
    const pid = stage.backend.pid ?? 0;
    const before = readProcessUsage(pid);
    await task();
    const after = readProcessUsage(pid);
    if (before === undefined || after === undefined) return undefined;
    return { cpuMs: after.cpuMs - before.cpuMs, rssBytes: after.rssBytesMax - before.rssBytesMax };
  }

  it.each(megabytes)(
    "U25: an event of %i MB, or a line without end, costs little and ends the answer",
    async (size) => {
      const big = raw(Buffer.alloc(size * mebibyte, "x"));
      const line = raw('data: {"choices":[{"index":0,"delta":{"content":"');
      const cost = await measure(async () => {
        stage.upstreams[0]?.setReply({ steps: [role(), say(said), line, big, big, stall()] });
        const heard = await stage.ask();
        expect(await judge(stage, heard, said)).toBe("broken");
        expect(heard.text).toBe(said);
        stage.upstreams[0]?.setReply({ steps: [role(), line, big, big, stall()] });
        expect(await judge(stage, await stage.ask(), goodText)).toBe("whole");
      });
      if (cost === undefined) return;
      expect(cost.cpuMs).toBeLessThan(1000);
      expect(cost.rssBytes).toBeLessThan(64 * mebibyte);
    },
  );

  it("U25: an answer in one piece of 100 MB is none: another one answers", async () => {
    const text = "x".repeat(100 * mebibyte);
    const reply = page(
      "application/json",
      `{"choices":[{"finish_reason":"stop","message":{"content":"${text}"}}]}`,
    );
    const cost = await measure(async () => {
      stage.upstreams[0]?.setReply(reply);
      expect(await judge(stage, await stage.ask({ stream: false }), goodText)).toBe("whole");
    });
    if (cost !== undefined) expect(cost.rssBytes).toBeLessThan(64 * mebibyte);
  });

  it.each(v1Faces)("U28: a bomb of gzip does not go off (%s)", async (face) => {
    const type = face === "stream" ? "text/event-stream" : "application/json";
    const headers = { "content-encoding": "gzip", "content-type": type };
    const bomb: Reply = { headers, steps: [raw(gzipBomb(isFullSize ? 1000 : 200)), stall()] };
    const cost = await measure(async () => {
      stage.upstreams[0]?.setReply(bomb);
      expect(await judge(stage, await stage.ask({ stream: face === "stream" }), goodText)).toBe("whole");
    });
    if (cost === undefined) return;
    expect(cost.cpuMs).toBeLessThan(1000);
    expect(cost.rssBytes).toBeLessThan(64 * mebibyte);
  });
});

describe("U28: a compressed answer that nobody asked for", () => {
  const streamed = renderBody([role(), say(goodText), finish()]);
  const compressions = [
    ["gzip", gzipSync(streamed)],
    ["br", brotliCompressSync(streamed)],
    ["deflate", deflateSync(streamed)],
    ["zstd", zstdCompressSync(streamed)],
    ["rot13", streamed],
  ] as const;

  it.each(compressions)(
    "U28: is read, or another one answers; the caller never sees it (%s)",
    async (encoding, bytes) => {
      const reply: Reply = { headers: { "content-encoding": encoding }, steps: [raw(bytes)] };
      await using stage = await setFaultStage({ upstreams: [reply, answerAsAsked(goodText)] });
      for (const face of ["stream", "chat"] as const) {
        const { verdict, heard } = await judgeFace(stage, face, goodText);
        expect(verdict).toBe("whole");
        if (heard !== undefined) expect(heard.headers).not.toHaveProperty("content-encoding");
      }
      for (const call of stage.upstreams.flatMap(({ calls }) => calls)) {
        expect(call.headers["accept-encoding"] ?? "identity").toBe("identity");
      }
    },
  );

  it("U28: what calls itself compressed and is not is no answer", async () => {
    const upstream: Reply = { headers: { "content-encoding": "gzip" }, steps: [role(), say("x"), finish()] };
    for (const face of faces) await judgePast({ upstream }, face);
  });
});

describe("U26: an answer that never ends", () => {
  const config = { chat: { answer_bytes_max: 50_000 }, gateway: { midstream: "off" } };
  it.each(["stream", "chat"] as const)(
    "U26: is ended at its limit, and its upstream left (%s)",
    async (face) => {
      await using stage = await setFaultStage({ upstreams: [() => endless("x".repeat(500))], config });
      const { verdict, text, heard } = await judgeFace(stage, face);
      expect(["whole", "broken"]).toContain(verdict);
      if (verdict === "whole" && heard !== undefined) expect(heard.finishReasons).toEqual(["length"]);
      expect(text).toMatch(/^x+$/);
      expect(text.length).toBeGreaterThan(1_000);
      expect(text.length).toBeLessThan(1_000_000);
      expect((await stage.upstreams[0]?.calls[0]?.closed)?.by).toBe("client");
    },
  );
});
