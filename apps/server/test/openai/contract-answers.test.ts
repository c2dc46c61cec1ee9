import { connect } from "node:net";
import { operator } from "@llm-backend/server";
import {
  answer,
  answerAsAsked,
  fail,
  findClosedPort,
  page,
  role,
  say,
  stall,
  wait,
  type Reply,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { callerToken, setStage, type OpenAiStage } from "./openai-stage.ts";
import { connectTo, toHead } from "./raw-connection.ts";

const json = { "content-type": "application/json" };
const hello = answerAsAsked("Hello");
const silent: Reply = { steps: [stall()] };
const ask = (stage: OpenAiStage, fields: object = {}, path = "/chat/completions") =>
  stage.call(path, {
    headers: json,
    body: JSON.stringify({ model: "fake-model", messages: [{ role: "user", content: "Hi" }], ...fields }),
  });
const counts = (stage: OpenAiStage) => stage.upstreams.map(({ calls }) => calls.length);

describe("who answers", () => {
  it.each([
    ["order", [6, 0, 0]],
    ["round_robin", [2, 2, 2]],
    ["round_robin_available", [2, 2, 2]],
  ])("lb_policy %s", async (lb_policy, wanted) => {
    await using stage = await setStage({ replies: [hello, hello, hello], config: { lb_policy } });
    for (let count = 0; count < 6; count++) await ask(stage);
    expect(counts(stage)).toEqual(wanted);
  });

  it.each(["random", "random_available", "main", "weighted", "least_latency", "p2c"])(
    "lb_policy %s: somebody does, and when one cannot another",
    async (lb_policy) => {
      await using stage = await setStage({ replies: [fail(500), hello], config: { lb_policy, gateway: {} } });
      for (let count = 0; count < 4; count++) expect((await ask(stage)).status).toBe(200);
      expect(stage.upstreams[1]?.calls).toHaveLength(4);
    },
  );

  it("400, 404, 413 and 422 are the caller's fault: nobody else is asked", async () => {
    await using stage = await setStage({ replies: [hello, hello] });
    const error = { message: "Not like that", type: "invalid_request_error", param: "a", code: "b" };
    for (const status of [400, 404, 413, 422]) {
      stage.upstream.setReply(fail(status, { error }));
      for (const path of ["/chat/completions", "/embeddings", "/files"]) {
        const refused = await ask(stage, {}, path);
        expect([refused.status, JSON.parse(refused.bytes.toString())]).toEqual([status, { error }]);
      }
    }
    expect(counts(stage)).toEqual([12, 0]);
  });

  it.each([
    ["broken", fail(500), 502],
    ["busy", fail(503), 503],
    ["silent", silent, 504],
    ["limited", fail(429, { error: { message: "slow" } }, { "retry-after": "3" }), 429],
    ["against our keys", fail(401), 502],
  ])("when all are %s, the caller learns so after the last one", async (_name, reply, status) => {
    await using stage = await setStage({
      replies: [reply, reply],
      config: { gateway: {}, clocks: { first_byte_seconds: 0.2, whole_answer_seconds: 0.2 } },
    });
    for (const fields of [{ stream: true }, { stream: false }]) {
      const refused = await ask(stage, fields);
      expect(refused.status).toBe(status);
      expect(JSON.parse(refused.bytes.toString())).toMatchObject({ error: { type: expect.any(String) } });
      if (status === 429) expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    }
    expect(Math.min(...counts(stage))).toBeGreaterThan(0);
  });

  it("when nobody is there at all: 502", async () => {
    await using stage = await setStage({
      entries: [{ endpoint: `http://127.0.0.1:${await findClosedPort()}` }],
    });
    expect((await ask(stage)).status).toBe(502);
  });
});

describe("time-outs to the first byte", () => {
  const entries = [{ timeout: 1.2, stream_timeout: 0.2 }];

  it("a stream is given up after stream_timeout, an answer in one piece after timeout", async () => {
    await using stage = await setStage({ replies: [silent, hello], entries });
    const streamed = await ask(stage, { stream: true });
    const whole = await ask(stage);
    expect([streamed.status, whole.status]).toEqual([200, 200]);
    expect(streamed.headMs).toBeGreaterThan(190);
    expect(streamed.headMs).toBeLessThan(1000);
    expect(whole.headMs).toBeGreaterThan(1190);
  });

  it("the same holds for what is not understood: pictures, sounds", async () => {
    await using stage = await setStage({
      replies: [silent, page("text/event-stream", "data: x\n\n")],
      entries,
    });
    const { status, headMs } = await ask(stage, { stream: true }, "/images/generations");
    expect(status).toBe(200);
    expect(headMs).toBeLessThan(1000);
  });

  it("with a single upstream the long one holds", async () => {
    await using stage = await setStage({ replies: [{ steps: [wait(500), role(), say("Hello")] }], entries });
    stage.upstream.enqueue({ steps: [wait(500), ...(answer("Hello").steps as never[])] });
    expect((await ask(stage, { stream: true })).status).toBe(200);
  });
});

describe("what is left of a call", () => {
  it("a record: who asked whom what, how long it took, what was said; and never a key", async () => {
    await using stage = await setStage({ replies: [fail(500), hello], config: { gateway: {} } });
    const { services } = stage.backend.server.backend;
    const { secret, key } = await services.keys.create(operator, { name: "a key" });
    await stage.call("/chat/completions", {
      headers: { ...json, authorization: `Bearer ${secret}`, "user-agent": "my-app/1" },
      body: '{"model":"fake-model","stream":true,"messages":[{"role":"user","content":"Hi"}]}',
    });
    await stage.call("/files?secret=1", { method: "GET" });
    await services.records.flush();
    const { records } = await services.records.list({ limit: 10 });
    expect(records).toMatchObject([
      { method: "GET", path: "/files", kind: "other", status: 200, errorCode: null },
      {
        method: "POST",
        path: "/chat/completions",
        kind: "chat",
        model: "fake-model",
        upstream: "upstream-1",
        status: 200,
        userAgent: "my-app/1",
        isStreamed: true,
        finishReason: "stop",
        usage: { promptTokens: 11, completionTokens: 7 },
        usageSource: "provider",
        keyId: key.keyId,
        clientIp: "127.0.0.1",
        attemptCount: 2,
        answerChars: 5,
      },
    ]);
    const found = await services.records.get(records[1]?.recordId ?? "");
    expect(JSON.stringify(found)).toContain("Hello");
    expect(JSON.stringify([found, records])).not.toMatch(/sk-upstream|sk-llmb-\w{20}|Bearer/);
    const headers = { authorization: `Bearer ${callerToken}` };
    const shown = await fetch(`${stage.backend.url}/admin/request_records`, { headers });
    expect(((await shown.json()) as unknown[]).length).toBe(2);
  });

  it("a number in the metrics", async () => {
    await using stage = await setStage({ replies: [hello] });
    await ask(stage);
    await ask(stage, { stream: true });
    const answered = await stage.call("/metrics", { method: "GET" });
    expect(answered.headers["content-type"]).toContain("text/plain");
    const text = answered.bytes.toString();
    expect(text).toMatch(/^llm_backend_requests_total\{[^}]*kind="chat"[^}]*\} 2$/m);
    expect(text).toMatch(/^llm_backend_attempts_total\{[^}]*upstream="upstream-0"[^}]*\} 2$/m);
    expect(stage.upstream.calls).toHaveLength(2);
  });
});

describe("a server that stops", () => {
  it("lets answers under way end, and takes no more", async () => {
    await using stage = await setStage({
      replies: [
        { steps: [role(), say("Hello"), wait("go"), ...(answer(" world").steps as never[]).slice(1)] },
      ],
    });
    await using kept = await connectTo(stage.backend.url);
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const reading = stage.call("/chat/completions", {
      headers: json,
      body: '{"model":"fake-model","stream":true,"messages":[]}',
      onBytes: () => resolve(),
    });
    await heard;
    kept.send("GET /v1/fi");
    const stopping = stage.backend.server.stop();
    await expect.poll(() => isRefused(stage.backend.url), { interval: 10 }).toBe(true);
    kept.send(toHead("les").slice(0));
    stage.upstream.open("go");
    const { status, isCut, bytes } = await reading;
    expect([status, isCut]).toEqual([200, false]);
    expect(bytes.toString()).toMatch(/Hello[^]*world[^]*\[DONE\]\n\n$/);
    await stopping;
  });
});

/** Tells whether nobody listens any more. */
function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => resolve(false)).once("error", () => resolve(true));
    socket.once("connect", () => socket.destroy());
  });
}

describe("a caller that does not read", () => {
  it.each([
    ["a download", toHead("GET /v1/files/a/content")],
    [
      "a stream",
      `${toHead("POST /v1/chat/completions", "Content-Type: application/json", "Content-Length: 50")}${'{"model":"fake-model","stream":true,"messages":[]}'.padEnd(50)}`,
    ],
  ])("pauses the upstream, and goes on where it was: %s", { timeout: 60_000 }, async (_name, request) => {
    const piece = Buffer.from(
      `data: {"choices":[{"index":0,"delta":{"content":"${"x".repeat(60_000)}"}}]}\n\n`,
    );
    const pieces = 900;
    const end = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    async function* steps() {
      for (let count = 0; count < pieces; count++) yield { do: "raw" as const, bytes: piece };
      yield { do: "raw" as const, bytes: end };
    }
    await using stage = await setStage({
      config: { chat: { answer_bytes_max: 67_108_864 } },
    });
    stage.upstream.enqueue({ steps: steps() });
    await using connection = await connectTo(stage.backend.url);
    connection.socket.pause();
    connection.send(request);
    let before = -1;
    // It stands still once all buffers on the way are full.
    await expect
      .poll(
        () => {
          const written = stage.upstream.calls[0]?.bytesWritten ?? 0;
          const isStill = written > 0 && written === before;
          before = written;
          return isStill;
        },
        { interval: 300, timeout: 20_000 },
      )
      .toBe(true);
    expect(before).toBeLessThan(30_000_000);
    let received = 0;
    connection.socket.removeAllListeners("data").on("data", (bytes: Buffer) => {
      received += bytes.length;
    });
    connection.socket.resume();
    await expect
      .poll(() => received, { timeout: 20_000, interval: 50 })
      .toBeGreaterThan(pieces * piece.length);
  });
});
