import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { finish, role, say, startRedisServer, wait } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, toText, type Started } from "../chat/read-run.ts";
import { needsRedis } from "../redis/redis-stage.ts";
import { isFullSize } from "./full-size.ts";
import { hostTestMs, findProgram, judgeHost, needs, setHostStage, untilReady } from "./host-stage.ts";
import { judgeEnding } from "./oracle.ts";
import { setRedisFaultStage, waitMsMax } from "./redis-fault-stage.ts";

/** The processes that another one has started. */
const listChildren = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

describe("P32: one of several workers dies", needs(process.platform === "linux", "/proc"), () => {
  it(
    "P32: its answers are interrupted with how they began, the others' go on, and it is replaced",
    async () => {
      await using stage = await setHostStage({
        reply: { steps: [role(), say("Half"), wait("rest"), say(" and half"), finish()] },
        config: { workers: 2 },
      });
      const runs = await Promise.all(
        Array.from({ length: isFullSize ? 30 : 8 }, async () => {
          const conversationId = await createConversation(stage.user);
          const input = { conversationId, requestId: newRequestId(), message: "hi" };
          const { runId } = await stage.trpc.mutate<Started>("chat.send", input);
          return { conversationId, runId, input };
        }),
      );
      await until(() => stage.upstream.calls.length === runs.length, "all are under way");
      const half = async ({ conversationId }: (typeof runs)[number]) =>
        (await readMessages(stage.trpc, conversationId)).at(-1)?.content === "Half";
      for (const one of runs) await until(() => half(one), "its first word is stored");
      const before = listChildren(stage.backend.pid);
      process.kill(before[0] ?? 0, "SIGKILL");
      const isReplaced = () => {
        const now = listChildren(stage.backend.pid);
        return now.length === 2 && !now.includes(before[0] ?? 0);
      };
      await until(isReplaced, "it is replaced");
      await untilReady(stage);
      stage.upstream.open("rest");
      const calls = stage.upstream.calls.length;
      const endings: string[] = [];
      for (const { runId, input } of runs) {
        const events = await followRun(stage.trpc, runId);
        const ending = events.at(-1)?.event.type ?? "";
        endings.push(ending);
        expect([ending, toText(events)]).toEqual(
          ending === "run-done" ? ["run-done", "Half and half"] : ["run-interrupt", "Half"],
        );
        expect(await stage.trpc.mutate("chat.send", input)).toMatchObject({ runId });
      }
      expect(stage.upstream.calls).toHaveLength(calls);
      expect(endings).toContain("run-interrupt");
      stage.upstream.setReply({ steps: [role(), say("x"), finish()] });
      await judgeHost(stage);
    },
    hostTestMs,
  );
});

/** A way to a port that can fall silent without being closed: what a firewall that drops packets looks like. */
async function startSilentWay(port: number) {
  const sockets: Socket[] = [];
  let isSilent = false;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => {});
      from.on("data", (bytes: Buffer) => void (isSilent || to.write(bytes)));
      from.on("close", () => void (isSilent || to.destroy()));
      sockets.push(from);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    fallSilent: () => void (isSilent = true),
    speak() {
      isSilent = false;
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

describe("P33: the way to Redis swallows everything", needsRedis, () => {
  it(
    "P33: nobody waits, it is said, and Redis is used again when it answers",
    async () => {
      await using redis = await startRedisServer();
      await using way = await startSilentWay(redis.port);
      await using stage = await setRedisFaultStage({ port: way.port });
      await stage.untilRedis("ok");
      way.fallSilent();
      for (let round = 0; round < 5; round++) {
        const heard = await stage.ask();
        expect(judgeEnding(heard, [])).toBe("whole");
        expect(heard.totalMs).toBeLessThan(waitMsMax);
      }
      await stage.untilRedis(/^degraded/);
      way.speak();
      await stage.untilRedis("ok");
      expect(judgeEnding(await stage.ask(), [])).toBe("whole");
      expect(stage.health.failures).toEqual([]);
    },
    hostTestMs,
  );
});

const bash = findProgram("bash");

describe("P34: nobody reads what the process says", needs(bash, "bash"), () => {
  it(
    "P34: it goes on, drops what is too much, counts it, and ends in time",
    async () => {
      // The first lines are passed on; then somebody holds the pipe and reads no more.
      const words = 'exec "$@" > >(/usr/bin/head -n 4 >&2; exec /bin/sleep 20)';
      await using stage = await setHostStage({
        startedBy: [bash ?? "bash", "-c", words, "bash"],
      });
      const long = "x".repeat(7_000);
      const rounds = isFullSize ? 10_000 : 2_300;
      let slowestMs = 0;
      for (let round = 0; round < rounds; round += 50) {
        const startedAt = performance.now();
        await Promise.all(
          Array.from({ length: 50 }, async () => (await fetch(`${stage.backend.url}/${long}`)).text()),
        );
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      }
      expect(slowestMs).toBeLessThan(3_000);
      expect(await stage.metric("log_lines_dropped_total")).toBeGreaterThan(50);
      await judgeHost(stage);
      const startedAt = performance.now();
      expect(await stage.backend.kill("SIGTERM")).toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(8_000);
    },
    hostTestMs,
  );
});
