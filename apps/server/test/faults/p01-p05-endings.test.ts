import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { findSqliteDamage } from "@llm-backend/storage";
import { finish, role, say, sourceArguments, sourceEnvironment, wait } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { openSocket } from "../callers/raw-request.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, toText, type Started } from "../chat/read-run.ts";
import { makeFolder, run as runProgram, spawnWithClosedOutput } from "../cli/run-program.ts";
import { createRandom } from "../crash/seeded-random.ts";
import { isFullSize } from "./full-size.ts";
import { hostTestMs, judgeHost, needs, run, setHostStage, strace, type HostStage } from "./host-stage.ts";
import { judgeEnding } from "./oracle.ts";

const words = Array.from({ length: 400 }, (_, index) => `${index} `);

/** An answer of four hundred words, one every few milliseconds. */
const slowly = () => ({
  steps: [role(), ...words.flatMap((word) => [say(word), wait(4)]), finish()],
});

async function send(stage: HostStage, message: string) {
  const conversationId = await createConversation(stage.user);
  const input = { conversationId, requestId: newRequestId(), message };
  const { runId } = await stage.trpc.mutate<Started>("chat.send", input);
  return { conversationId, runId, input };
}

describe("P01: the process is killed in the middle of answers", () => {
  it(
    "P01: messages are there once, answers are interrupted with how they began, and nobody is asked again",
    async () => {
      const random = createRandom(1);
      await using stage = await setHostStage({ reply: slowly });
      for (let kill = 0; kill < (isFullSize ? 20 : 2); kill++) {
        const sent = await Promise.all(["a", "b", "c"].map((message) => send(stage, message)));
        const killAt = performance.now() + 200 + random() * 800;
        await until(() => performance.now() > killAt, "the moment of the kill");
        await stage.killAndRestart();
        const calls = stage.upstream.calls.length;
        for (const { conversationId, runId, input } of sent) {
          const [question, answer, ...more] = await readMessages(stage.trpc, conversationId);
          expect([question?.content, more]).toEqual([input.message, []]);
          expect(answer?.run?.state).toBe("interrupted");
          expect(words.join("").startsWith(answer?.content ?? "x")).toBe(true);
          const events = await followRun(stage.trpc, runId);
          expect([toText(events), events.at(-1)?.event.type]).toEqual([answer?.content, "run-interrupt"]);
          // The same request again is the same run.
          expect(await stage.trpc.mutate("chat.send", input)).toMatchObject({ runId });
        }
        expect(stage.upstream.calls).toHaveLength(calls);
      }
      stage.upstream.setReply({ steps: [role(), say("x"), finish()] });
      await judgeHost(stage);
    },
    hostTestMs,
  );
});

describe(
  "P02: the process is killed while it brings the database to a new schema",
  needs(strace, "strace"),
  () => {
    it(
      "P02: the next start goes through with it, or finds it done",
      async () => {
        const data = (folder: string) => join(folder, "data");
        const migrate = ["migrate", "--data"];
        for (const write of isFullSize ? [1, 5, 20, 80, 200] : [3, 60]) {
          await using folder = await makeFolder();
          const inject = ["-f", "-q", "-o", "/dev/null", "-e", "trace=pwrite64", "-e"];
          const tracing = [...inject, `inject=pwrite64:signal=SIGKILL:when=${write}`, process.execPath];
          const program = [...sourceArguments, ...migrate, data(folder.path)];
          const killed = await run(strace ?? "", [...tracing, ...program], {
            cwd: folder.path,
            env: sourceEnvironment,
          }).then(
            () => undefined,
            (error: unknown) => (error as { readonly signal?: string }).signal,
          );
          expect(killed).toBe("SIGKILL");
          const again = await runProgram([...migrate, data(folder.path)], {
            folder: folder.path,
            config: {},
          });
          expect([again.code, again.stderr]).toEqual([0, ""]);
          expect(findSqliteDamage(join(data(folder.path), "llm-backend.db"))).toEqual([]);
        }
      },
      hostTestMs,
    );
  },
);

describe("P04: the process is told to stop while answers are under way", () => {
  it(
    "P04: nothing new is taken, answers end or are interrupted by the deadline, and the exit code is 0",
    async () => {
      await using stage = await setHostStage({
        reply: { steps: [role(), say("Half"), wait("rest"), say(" and half"), finish()] },
        config: { drain_seconds: 2 },
      });
      const count = isFullSize ? 200 : 10;
      const { conversationId } = await send(stage, "hi");
      const asking = Array.from({ length: count }, () => stage.ask());
      await until(() => stage.upstream.calls.length === count + 1, "all are under way");
      const startedAt = performance.now();
      let hasExited = false;
      const exited = stage.backend.kill("SIGTERM").finally(() => (hasExited = true));
      const isClosed = () =>
        openSocket(stage.backend.url).then(
          (socket) => void socket.destroy(),
          () => true,
        );
      await until(async () => (await isClosed()) ?? false, "nobody new is let in");
      // While the answers still have their time.
      expect(hasExited).toBe(false);
      expect(await exited).toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(isFullSize ? 10_000 : 5_000);
      for (const heard of await Promise.all(asking)) {
        expect([judgeEnding(heard, []), heard.text]).toEqual(["broken", "Half"]);
      }
      stage.upstream.setReply({ steps: [role(), say("x"), finish()] });
      await stage.killAndRestart();
      expect((await readMessages(stage.trpc, conversationId)).at(-1)).toMatchObject({
        content: "Half",
        run: { state: "interrupted" },
      });
      await judgeHost(stage);
    },
    hostTestMs,
  );
});

describe("P05: the process is told twice, or nobody listens to it", () => {
  it(
    "P05: whoever says it twice does not wait",
    async () => {
      await using stage = await setHostStage({
        reply: { steps: [role(), say("Half"), wait("rest"), finish()] },
        config: { drain_seconds: 60 },
      });
      const asking = stage.ask();
      await until(() => stage.upstream.calls.length === 1, "a stream is under way");
      process.kill(stage.backend.pid, "SIGINT");
      await until(() => stage.logged("Stopping on SIGINT").length === 1, "it knows");
      const again = performance.now() + 600;
      await until(() => performance.now() > again, "another signal is another one");
      const toldTwiceAt = performance.now();
      expect(await stage.backend.kill("SIGHUP")).toBe(0);
      // Far less than the answers under way would have had.
      expect(performance.now() - toldTwiceAt).toBeLessThan(20_000);
      expect(judgeEnding(await asking, [])).toBe("broken");
    },
    hostTestMs,
  );

  it(
    "P05: its standard output is closed after the first line",
    async () => {
      await using server = await spawnWithClosedOutput();
      for (let round = 0; round < 20; round++)
        expect((await fetch(`${server.url}/api/conversations/list`)).status).toBe(401);
      expect(await server.stop()).toBe(0);
    },
    hostTestMs,
  );
});

describe("P27: the address cannot be listened on", () => {
  it(
    "P27: in use, or not this machine's: one line, an exit code, nothing left running",
    async () => {
      const squatter = createServer().listen(0, "127.0.0.1");
      await once(squatter, "listening");
      const taken = `127.0.0.1:${(squatter.address() as AddressInfo).port}`;
      for (const [addr, word] of [
        [taken, "in use"],
        ["192.0.2.1:0", "not one of this machine"],
      ] as const) {
        const { code, stderr } = await runProgram(["--addr", addr]);
        expect([addr, code, stderr.trim().split("\n").length]).toEqual([addr, 78, 1]);
        expect(stderr).toContain(word);
      }
      squatter.close();
    },
    hostTestMs,
  );
});
