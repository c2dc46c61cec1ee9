import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { finish, role, say, startFakeUpstreamProcess, wait } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { newRequestId } from "../chat/read-run.ts";
import { setFaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { hostTestMs, judgeHost, needs, setHostStage, untilAtLast } from "./host-stage.ts";
import { judgeEnding } from "./oracle.ts";
import { askV1, callerToken } from "./v1-caller.ts";

const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`,
);
const faketime = libraries.find((path) => existsSync(path));

/** A clock on the wall that can be set while the process runs. */
async function createWallClock() {
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-clock-"));
  const file = join(folder, "offset");
  const set = (offset: string) => writeFile(file, offset);
  await set("+0");
  return {
    set,
    env: {
      LD_PRELOAD: faketime ?? "",
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

describe("P22: somebody sets the clock", needs(faketime, "libfaketime"), () => {
  it(
    "P22: two hours back and forth: streams, tokens and limits go on, and messages keep their order",
    async () => {
      await using clock = await createWallClock();
      await using stage = await setHostStage({
        env: clock.env,
        reply: { steps: [role(), say("Half"), wait("rest"), say(" and half"), finish()] },
      });
      const conversationId = await createConversation(stage.user);
      const running = [stage.ask(), stage.ask()];
      await until(() => stage.upstream.calls.length === 2, "two streams are under way");
      const titles: string[] = [];
      for (const offset of ["-2h", "+0", "-2h", "-1d", "+0"]) {
        await clock.set(offset);
        titles.push(`at ${offset} ${titles.length}`);
        expect(await stage.keep(titles.at(-1) ?? ""), offset).toBe(200);
        await stage.trpc.mutate("chat.send", { conversationId, requestId: newRequestId(), message: offset });
      }
      stage.upstream.open("rest");
      stage.upstream.setReply({ steps: [role(), say("x"), finish()] });
      for (const heard of await Promise.all(running)) {
        expect([judgeEnding(heard, [callerToken]), heard.text]).toEqual(["whole", "Half and half"]);
      }
      type History = { messages: { role: string; content: string }[] };
      await until(async () => {
        const { messages } = await stage.trpc.query<History>("conversation.history", { conversationId });
        return messages.length === 10;
      }, "all is answered");
      const { messages } = await stage.trpc.query<History>("conversation.history", { conversationId });
      expect(messages.filter(({ role: who }) => who === "user").map(({ content }) => content)).toEqual([
        "-2h",
        "+0",
        "-2h",
        "-1d",
        "+0",
      ]);
      await judgeHost(stage, titles);
    },
    hostTestMs,
  );

  it(
    "P22: a limit of a minute lasts a minute, whatever the clock says",
    async () => {
      await using clock = await createWallClock();
      await using stage = await setHostStage({ env: clock.env });
      const { secret } = await stage.trpc.mutate<{ secret: string }>("key.create", {
        name: "limited",
        scopes: ["inference"],
        requestsPerMinute: 2,
      });
      const headers = { authorization: `Bearer ${secret}` };
      const ask = () => askV1(stage.backend.url, {}, { headers });
      expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([200, 200, 429]);
      for (const offset of ["-2h", "+2h"]) {
        await clock.set(offset);
        const refused = await ask();
        expect([offset, refused.status]).toEqual([offset, 429]);
        expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(62);
      }
    },
    hostTestMs,
  );
});

/** Holds up the event loop of this process, and of the backend in it, with so much work. */
function block(ms: number): void {
  const { user } = process.threadCpuUsage();
  while (process.threadCpuUsage().user - user < ms * 1000);
}

describe("P23: the event loop is blocked", () => {
  it(
    "P23: what was there all the time counts as come in time: no upstream is blamed",
    async () => {
      const pace = { tokens: 60, tokensPerSecond: 40 };
      await using paced = await startFakeUpstreamProcess(pace);
      await using stage = await setFaultStage({
        upstreams: [paced.url],
        entries: [
          {
            clocks: {
              connect_seconds: 0.5,
              first_byte_seconds: 0.5,
              first_token_seconds: 0.5,
              idle_seconds: 0.5,
            },
          },
        ],
      });
      const asking = Array.from({ length: 10 }, () => stage.ask());
      for (const ms of isFullSize ? [1_000, 5_000, 1_000] : [1_000, 700]) {
        await pause(200);
        block(ms);
      }
      for (const heard of await Promise.all(asking)) expect(judgeEnding(heard, stage.secrets)).toBe("whole");
      expect(new Set(stage.attempts().map(({ outcome }) => outcome))).toEqual(new Set(["done"]));
      expect(stage.health.failures).toEqual([]);
    },
    hostTestMs,
  );

  it(
    "P23: while it goes on being late, new work is refused with a time, and taken again afterwards",
    async () => {
      await using stage = await setFaultStage({ upstreams: [{}] });
      let isOver = false;
      const blocking = (async () => {
        while (!isOver) {
          block(350);
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
      })();
      let refused: Awaited<ReturnType<typeof stage.ask>> | undefined;
      for (let tries = 0; tries < 40 && refused === undefined; tries++) {
        const heard = await stage.ask();
        if (heard.status === 503) refused = heard;
      }
      const ready = await fetch(`${stage.backend.url}/readyz`);
      expect([ready.status, await ready.json()]).toMatchObject([
        503,
        { checks: { load: "the event loop is late" } },
      ]);
      isOver = true;
      await blocking;
      expect(refused && judgeEnding(refused, stage.secrets)).toBe("refused");
      expect(refused?.body).toContain('"overloaded"');
      await until(async () => (await stage.ask()).status === 200, "new work is taken again");
      const metrics = await (await fetch(`${stage.backend.url}/metrics`)).text();
      expect(metrics).toMatch(/^llm_backend_requests_shed_total\{reason="event_loop"\} [1-9]/m);
      expect(stage.backend.logLines.filter((line) => line.includes("Takes no new work"))).toHaveLength(1);
      await until(() => stage.upstreams.every(({ calls }) => calls.length > 0), "calls have come");
    },
    hostTestMs,
  );
});

describe("P24: the heap is nearly full", () => {
  it(
    "P24: new work is refused before memory ends the process, and taken again when there is room",
    async () => {
      await using stage = await setHostStage({
        env: { NODE_OPTIONS: "--max-old-space-size=128" },
        reply: { steps: [role(), wait("rest"), say("done"), finish()] },
        config: { limits: { runs_per_user_max: 1_000 } },
      });
      const message = "x".repeat(900_000);
      const statuses: number[] = [];
      for (let tries = 0; tries < 150 && !statuses.includes(503); tries++) {
        const created = await stage.trpc.tryMutate("conversation.create", {
          title: "T",
          model: "fake-model",
        });
        const { conversationId } = (created.data ?? {}) as { conversationId?: number };
        const sent = await stage.trpc.tryMutate("chat.send", {
          conversationId,
          requestId: newRequestId(),
          message,
        });
        statuses.push(created.status === 200 ? sent.status : created.status);
      }
      expect(new Set(statuses)).toEqual(new Set([200, 503]));
      expect(stage.logged("memory is short").length).toBeGreaterThan(0);
      expect((await fetch(`${stage.backend.url}/healthz`)).status).toBe(200);
      stage.upstream.open("rest");
      stage.upstream.setReply({ steps: [role(), say("x"), finish()] });
      await untilAtLast(async () => ((await stage.metric("heap_share")) ?? 1) < 0.7, "there is room again");
      await judgeHost(stage);
      expect(await stage.metric("requests_shed_total", { reason: "memory" })).toBeGreaterThan(0);
    },
    hostTestMs,
  );
});
