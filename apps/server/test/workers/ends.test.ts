import { execFileSync } from "node:child_process";
import { answer, finish, spawnBackend, type BackendProcess } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller, type TrpcCaller } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, toText, type Told } from "../chat/read-run.ts";
import { beginReply, endReply, openCallersAtBoth, send, startTwoWorkers } from "./worker-stage.ts";

/** The processes that another one has started. */
function listChildren(pid: number): number[] {
  try {
    return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map(Number);
  } catch {
    // ps fails where there is none.
    return [];
  }
}

/** Whether a process runs; one that nobody has asked for its end yet does not. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("Z");
  } catch {
    return false;
  }
}

/** Two workers, and a user with a conversation and callers at both. */
async function setStage(config: Readonly<Record<string, unknown>> = {}) {
  await using cleanup = new AsyncDisposableStack();
  const { upstream, backend } = cleanup.use(await startTwoWorkers({ drain_seconds: 10, ...config }));
  const rest = await registerUser(backend.url);
  const conversationId = await createConversation(rest);
  const { here, there } = cleanup.use(await openCallersAtBoth(backend, rest));
  const anywhere = createTrpcCaller(backend.url, rest.token);
  const kept = cleanup.move();
  const all = { upstream, backend, conversationId, anywhere, here, there };
  return { ...all, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Asks one thing after the other until it is disposed, which fails when one of them was not answered. */
function keepAsking(trpc: TrpcCaller) {
  let isOver = false;
  let answered = 0;
  const asking = (async () => {
    while (!isOver) {
      await trpc.query("auth.me");
      answered++;
    }
  })();
  // Told when it is disposed.
  asking.catch(() => undefined);
  return {
    get answered() {
      return answered;
    },
    [Symbol.asyncDispose]() {
      isOver = true;
      return asking;
    },
  };
}

/** Kills the worker that drives a run: the one whose log line told of the request. */
async function killOwner(backend: BackendProcess, trpc: TrpcCaller): Promise<void> {
  const { headers } = await trpc.tryQuery("auth.me");
  const requestId = headers.get("x-request-id") ?? "";
  const before = listChildren(backend.pid);
  await until(() => backend.logLines.some((line) => line.includes(requestId)), "the request is logged");
  const line = backend.logLines.find((entry) => entry.includes(requestId)) ?? "{}";
  const { worker } = JSON.parse(line) as { worker: number };
  // Workers are started in the order of their numbers.
  process.kill(before[worker - 1] as number, "SIGKILL");
}

/** Each of these starts up to eight processes, which a machine that has much else to do takes its time for. */
const startMs = 60_000;

describe("workers that end", { timeout: 2 * startMs }, () => {
  it("leave answers behind that are interrupted with their text, and are replaced, when they are killed", async () => {
    await using stage = await setStage();
    const { backend, upstream, conversationId } = stage;
    beginReply(upstream, "So far, ");
    const { runId } = await send(stage.here[0], conversationId);
    const seen: Told[] = [];
    const following = (async () => {
      for await (const item of stage.there[0].subscribe("chat.follow", { runId })) seen.push(item as Told);
    })();
    await until(
      () => toText(seen.filter(({ event }) => event !== undefined)) === "So far, ",
      "it is followed",
    );
    await killOwner(backend, stage.here[1]);
    await following;
    const events = seen.filter(({ event }) => event !== undefined);
    expect(events.at(-1)?.event.type).toBe("run-interrupt");
    expect("So far, ".startsWith(toText(events))).toBe(true);
    expect(toText(await followRun(stage.there[0], runId))).toBe(toText(events));
    await until(() => listChildren(backend.pid).length === 2, "another worker takes its place", startMs);

    const next = beginReply(upstream, "Again");
    const again = await send(stage.there[0], conversationId);
    next.push(finish());
    next.end();
    expect(toText(await followRun(stage.anywhere, again.runId))).toBe("Again");
  });

  it("are asked again for a chat that is stored nowhere, when the one that had it was killed", async () => {
    await using stage = await setStage();
    const { backend, upstream } = stage;
    const asked = {
      requestId: newRequestId(),
      model: "m",
      messages: [{ role: "user", content: "A secret?" }],
    };
    beginReply(upstream, "Lost ");
    const seen: Told[] = [];
    for await (const item of stage.here[0].subscribe("chat.temporary", asked)) {
      seen.push(item as Told);
      if (toText(seen) !== "") break;
    }
    await killOwner(backend, stage.here[1]);
    upstream.enqueue(answer(["Found"]));
    const again: Told[] = [];
    for await (const item of stage.there[0].subscribe("chat.temporary", asked)) {
      if (item.kind === "return") break;
      again.push(item as Told);
    }
    expect(toText(again)).toBe("Found");
    expect(upstream.calls).toHaveLength(2);
  });

  it("end with their primary, and leave the place to the next one", async () => {
    await using stage = await setStage();
    const { backend, upstream, conversationId } = stage;
    beginReply(upstream, "Cut ");
    const { runId } = await send(stage.here[0], conversationId);
    const workers = listChildren(backend.pid);
    expect(workers).toHaveLength(2);
    await backend.kill("SIGKILL");
    await until(() => !workers.some(isAlive), "the workers are gone");
    await using next = await backend.restart();
    const trpc = createTrpcCaller(next.url, stage.anywhere.token);
    expect((await followRun(trpc, runId)).at(-1)?.event.type).toBe("run-interrupt");
  });

  it("let answers go on for the drain time, all of them, when the primary is told to stop", async () => {
    await using stage = await setStage();
    const { backend, upstream, conversationId } = stage;
    const hand = beginReply(upstream, "Well ");
    const { runId } = await send(stage.here[0], conversationId);
    const whole = followRun(stage.there[0], runId);
    await until(() => upstream.calls.length === 1, "the upstream is asked");
    const exited = backend.kill("SIGTERM");
    await until(
      () => backend.logLines.some((line) => line.includes("Stopping on SIGTERM")),
      "it is stopping",
    );
    endReply(hand, "done");
    expect(toText(await whole)).toBe("Well done");
    expect(await exited).toBe(0);
  });

  it("are replaced one after the other at SIGHUP, while everybody is answered", async () => {
    await using stage = await setStage({ drain_seconds: 2 });
    const { backend, upstream, conversationId } = stage;
    const before = listChildren(backend.pid);
    const hand = beginReply(upstream, "Old ");
    const { runId } = await send(stage.here[0], conversationId);
    const whole = followRun(stage.here[1], runId);
    process.kill(backend.pid, "SIGHUP");
    {
      await using asking = keepAsking(stage.anywhere);
      await until(
        () => !before.every(isAlive) || listChildren(backend.pid).length > 2,
        "a new worker comes",
        startMs,
      );
      endReply(hand, "and whole");
      expect(toText(await whole)).toBe("Old and whole");
      const isDone = () => !before.some(isAlive) && listChildren(backend.pid).length === 2;
      await until(isDone, "all are new", startMs);
      expect(asking.answered).toBeGreaterThan(0);
    }
    expect(toText(await followRun(stage.anywhere, runId))).toBe("Old and whole");
  });

  it("keep the server from starting, in one sentence, where they cannot serve", async () => {
    await using first = await spawnBackend();
    const port = Number(new URL(first.url).port);
    await expect(spawnBackend({ addr: `127.0.0.1:${port}`, config: { workers: 2 } })).rejects.toThrow(
      `the address 127.0.0.1:${port} is in use`,
    );
  });
});
