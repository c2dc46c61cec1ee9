import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import {
  createFakeUpstream,
  finish,
  role,
  say,
  spawnBackend,
  wait,
  type BackendProcess,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { readBareFrames, toText as toFrameText } from "../callers/frames.ts";
import { openSocket } from "../callers/raw-request.ts";
import { createConversation, createRestCaller, registerUser } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { createTrpcCaller, type StreamItem } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, readMessages, toText, type Started } from "../chat/read-run.ts";

/** Connects and tells whether that was possible. */
const canConnect = (url: string) =>
  openSocket(url).then(
    (socket) => {
      socket.destroy();
      return true;
    },
    () => false,
  );

const hasLogged = (backend: BackendProcess, text: string) =>
  backend.logLines.some((line) => line.includes(text));

/** A backend, and an answer of it that waits for the gate `rest`. */
async function startAnswer(config: Record<string, unknown>) {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(
    await createFakeUpstream({
      reply: { steps: [role(), say("Half"), wait("rest"), say(" and half"), finish()] },
    }),
  );
  const backend = cleanup.use(await spawnBackend({ upstreams: [upstream.url], config }));
  const user = await registerUser(backend.url);
  const trpc = createTrpcCaller(backend.url, user.token);
  const conversationId = await createConversation(user);
  const { runId } = await trpc.mutate<Started>("chat.send", {
    conversationId,
    requestId: newRequestId(),
    message: "hi",
  });
  await until(
    async () => (await readMessages(trpc, conversationId)).at(-1)?.content === "Half",
    "the first piece",
  );
  const kept = cleanup.move();
  return {
    upstream,
    backend,
    user,
    trpc,
    conversationId,
    runId,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

describe.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("a server that gets %s", (signal) => {
  it("lets its answers go on, takes nothing new, and ends with 0", async () => {
    await using stage = await startAnswer({ drain_seconds: 30 });
    const { backend, trpc, user, conversationId, runId, upstream } = stage;
    const streams = [user.get(`/api/chat/${conversationId}`).then((response) => response.text())];
    const following = followRun(trpc, runId);
    await using socket = await openSocketCaller(backend.url, user.token);
    await socket.call("query", "auth.me");
    process.kill(backend.pid, signal);
    await until(() => hasLogged(backend, `Stopping on ${signal}`), "the server knows");
    await until(async () => !(await canConnect(backend.url)), "the door is closed");
    // Who is inside already is told that nothing new is begun.
    const refused = await socket.call("mutation", "chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "more",
    });
    expect(refused.error?.json.data.reason).toBe("shutting_down");
    upstream.open("rest");
    const events = await following;
    expect([toText(events), events.at(-1)?.event.type]).toEqual(["Half and half", "run-done"]);
    const [text = ""] = await Promise.all(streams);
    expect(readBareFrames(text).at(-1)).toEqual({ event: "full_response", data: "Half and half" });
    expect(await backend.exited).toBe(0);
    expect(hasLogged(backend, "Stopped")).toBe(true);
  });
});

describe("a server that is told to stop", () => {
  it("answers 503 on /readyz to who is connected still", async () => {
    await using stage = await startAnswer({ drain_seconds: 30 });
    const { backend, upstream } = stage;
    const socket = await openSocket(backend.url);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    // The head is not whole yet, so that the connection is not an idle one.
    socket.write("GET /readyz HTTP/1.1\r\nHost: a\r\n");
    await until(async () => {
      const response = await fetch(`${backend.url}/readyz`).catch(() => undefined);
      return response?.status === 200;
    }, "the server is ready");
    process.kill(backend.pid, "SIGTERM");
    await until(() => hasLogged(backend, "Stopping on SIGTERM"), "the server knows");
    const closed = once(socket, "close");
    socket.write("Connection: close\r\n\r\n");
    await closed;
    expect(received).toMatch(/^HTTP\/1\.1 503 /);
    expect(received).toContain('"server":"is stopping"');
    upstream.open("rest");
    expect(await backend.exited).toBe(0);
  });

  it("interrupts what goes on longer than it may drain, keeps its text, and lets it be resumed after the next start", async () => {
    await using stage = await startAnswer({ drain_seconds: 0.2 });
    const { backend, trpc, user, conversationId, runId } = stage;
    const rest = user.get(`/api/chat/${conversationId}`).then((response) => response.text());
    const items: StreamItem[] = [];
    const following = (async () => {
      for await (const item of trpc.subscribe("chat.follow", { runId })) items.push(item);
    })();
    await until(() => items.length >= 2, "the first piece has arrived");
    expect(await backend.kill("SIGTERM")).toBe(0);
    await following;
    expect(items.map((item) => (item.kind === "event" ? item.event.type : item.kind))).toEqual([
      "run-start",
      "text-delta",
      "run-interrupt",
      "return",
    ]);
    const frames = readBareFrames(await rest);
    expect(toFrameText(frames)).toBe("Half");
    expect(frames.at(-1)).toMatchObject({ event: "error", data: expect.stringContaining("interrupted") });
    await using next = await backend.restart();
    const again = createTrpcCaller(next.url, user.token);
    expect((await readMessages(again, conversationId)).at(-1)).toMatchObject({
      content: "Half",
      run: { state: "interrupted" },
    });
    const [, seen] = items as { id: string }[];
    expect((await followRun(again, runId, seen?.id)).map(({ event }) => event.type)).toEqual([
      "run-interrupt",
    ]);
    // It ended in good order: nothing was left for the next start to interrupt.
    expect(hasLogged(next, "runsInterrupted")).toBe(false);
  });

  it("stops at once when it is told a second time", async () => {
    await using stage = await startAnswer({ drain_seconds: 60 });
    const { backend } = stage;
    process.kill(backend.pid, "SIGTERM");
    await until(() => hasLogged(backend, "Stopping on SIGTERM"), "the server knows");
    const toldAt = performance.now();
    // What a terminal sends twice for one Ctrl-C is one signal.
    process.kill(backend.pid, "SIGTERM");
    await until(() => performance.now() - toldAt > 600, "another signal is another one");
    const startedAt = performance.now();
    expect(await backend.kill("SIGTERM")).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it("asks the clients of its WebSockets to come back", async () => {
    await using stage = await startAnswer({ drain_seconds: 0.1 });
    const { backend, user } = stage;
    await using socket = await openSocketCaller(backend.url, user.token);
    await socket.call("query", "auth.me");
    expect(await backend.kill("SIGTERM")).toBe(0);
    await socket.closed;
    expect(socket.messages.at(-1)).toEqual({ id: null, method: "reconnect" });
  });

  it("does not wait for connections that carry nothing, nor for readers that do not read", async () => {
    await using backend = await spawnBackend({ config: { drain_seconds: 30 } });
    const idle = await openSocket(backend.url);
    const half = await openSocket(backend.url);
    half.write("GET / HTTP/1.1\r\nHost: a\r\n");
    const kept = await openSocket(backend.url);
    kept.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(kept, "data");
    const startedAt = performance.now();
    expect(await backend.kill("SIGTERM")).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(4000);
    for (const socket of [idle, half, kept]) socket.destroy();
  });
});

describe("a server whose address is taken", () => {
  it("says so in one line and leaves nothing running", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const { port } = squatter.address() as AddressInfo;
    try {
      const { run } = await import("../cli/run-program.ts");
      const { code, stderr } = await run(["--addr", `127.0.0.1:${port}`]);
      expect(code).toBe(78);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stderr).toContain(`127.0.0.1:${port}`);
      expect(stderr).toContain("in use");
      expect(stderr).not.toMatch(/at .*\.ts|Error:/);
    } finally {
      squatter.close();
    }
  });

  it("of which one of two is taken does not serve on the other", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const { port } = squatter.address() as AddressInfo;
    try {
      const { run } = await import("../cli/run-program.ts");
      const { code } = await run([], { config: { address: ["127.0.0.1:0", `127.0.0.1:${port}`] } });
      expect(code).toBe(78);
    } finally {
      squatter.close();
    }
  });
});

describe("a server that nobody listens to", () => {
  it("goes on when its standard output is closed", async () => {
    const { spawnWithClosedOutput } = await import("../cli/run-program.ts");
    await using server = await spawnWithClosedOutput();
    for (let index = 0; index < 50; index++) {
      expect((await createRestCaller(server.url).get("/api/conversations/list")).status).toBe(401);
    }
    expect(await server.stop()).toBe(0);
  });
});
