import { answer, answerAsAsked, page, role, say, stall, type Call } from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { setStage, type OpenAiStage } from "./openai-stage.ts";
import { connectTo, toHead, toJsonRequest } from "./raw-connection.ts";
import { soonest } from "./soonest.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage({ config: { gateway: { breaker: { failures_in_a_row: 1 } } } });
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => stage.upstream.setReply(answerAsAsked("Hello")));

const question = (fields: object = {}) =>
  toJsonRequest("/chat/completions", {
    model: "fake-model",
    stream: true,
    messages: [{ role: "user", content: "Hi" }],
    ...fields,
  });
const open = () => connectTo(stage.backend.url);
const multipart = "Content-Type: multipart/form-data; boundary=x";
const countCalls = () => stage.upstream.calls.length;

async function nextCall(before: number): Promise<Call> {
  await expect.poll(countCalls, { interval: 2 }).toBeGreaterThan(before);
  return stage.upstream.calls[before] as Call;
}

/** What the log says of the requests since then. */
const logged = (since: number) =>
  stage.backend.logLines
    .slice(since)
    .map((line) => JSON.parse(line) as { msg?: string; status?: number; path?: string })
    .filter(({ msg }) => msg === "request");

/** After whatever happened: the upstream is asked as before, and nothing is left open. */
async function expectNothingLeft(): Promise<void> {
  stage.upstream.setReply(answer("Hello"));
  await using connection = await open();
  connection.send(question());
  expect(await connection.statuses(1)).toEqual([200]);
  await connection.heard(/\[DONE\]/);
  const metrics = await (await fetch(`${stage.backend.url}/v1/metrics`)).text();
  expect(metrics).toMatch(/in_flight\S* 0\n/);
  expect(metrics).not.toMatch(/^llm_backend_\S*in_flight\S* [1-9]/m);
}

describe("a caller who hangs up", () => {
  it.each([
    ["before the answer's head", { stream: true }, { steps: [stall()] }],
    ["before an answer in one piece", { stream: false }, { steps: [stall()] }],
    ["in the middle of a stream", { stream: true }, { steps: [role(), say("Hello"), stall()] }],
  ])("closes the upstream within 100 ms: %s", async (_name, fields, reply) => {
    stage.upstream.setReply(reply);
    const measure = async (): Promise<number> => {
      const before = countCalls();
      await using connection = await open();
      connection.send(question(fields));
      const call = await nextCall(before);
      if (reply.steps.length > 1) await connection.heard("Hello");
      const leftAt = performance.now();
      connection.socket.destroy();
      const { by, at } = await call.closed;
      expect(by).toBe("client");
      return at - leftAt;
    };
    expect(await soonest(100, measure)).toBeLessThan(100);
    await expectNothingLeft();
  });

  it("pays for the question that an upstream was asked, files in it counted as files", async () => {
    stage.upstream.setReply({ steps: [stall()] });
    const before = countCalls();
    const url = `data:image/png;base64,${"A".repeat(400_000)}`;
    const content = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url } },
    ];
    await using connection = await open();
    connection.send(question({ messages: [{ role: "user", content }] }));
    await nextCall(before);
    connection.socket.destroy();
    const { records } = stage.backend.server.backend.services;
    const readLast = async () => {
      await records.flush();
      return (await records.list({ limit: 1 })).records[0];
    };
    await expect.poll(async () => (await readLast())?.requestBytes).toBeGreaterThan(400_000);
    const { usage, usageSource } = (await readLast()) ?? {};
    expect(usageSource).toBe("counted");
    expect(usage?.completionTokens).toBe(0);
    expect(usage?.promptTokens).toBeGreaterThan(1600);
    expect(usage?.promptTokens).toBeLessThan(2000);
  });

  it("closes the upstream of each of the requests that came all at once", async () => {
    stage.upstream.setReply({ steps: [role(), say("Hello"), stall()] });
    const before = countCalls();
    await using connection = await open();
    connection.send(question(), question(), question());
    const calls = [await nextCall(before), await nextCall(before + 1), await nextCall(before + 2)];
    await connection.heard("Hello");
    const leftAt = performance.now();
    const since = stage.backend.logLines.length;
    connection.socket.destroy();
    for (const { closed } of calls) {
      const { by, at } = await closed;
      expect(by).toBe("client");
      expect(at - leftAt).toBeLessThan(2000);
    }
    await expect.poll(() => logged(since)).toHaveLength(3);
    await expectNothingLeft();
  });

  it("is logged with 499 where no answer had begun, and kept as such", async () => {
    stage.upstream.setReply({ steps: [stall()] });
    const before = countCalls();
    const since = stage.backend.logLines.length;
    await using connection = await open();
    connection.send(question());
    await nextCall(before);
    connection.socket.destroy();
    await expect.poll(() => logged(since).map(({ status }) => status)).toEqual([499]);
    const { records } = stage.backend.server.backend.services;
    await expect
      .poll(async () => {
        await records.flush();
        const [last] = (await records.list({ limit: 1 })).records;
        return [last?.status, last?.errorCode];
      })
      .toEqual([499, "cancelled"]);
  });

  it.each([
    ["a question", "Content-Type: application/json", "Content-Length: 100000", false],
    ["an upload", multipart, "Content-Length: 100000", true],
    ["an upload in chunks", multipart, "Transfer-Encoding: chunked", true],
  ])("in the middle of %s blames nobody", async (_name, type, framing, isPassedOn) => {
    const before = countCalls();
    const connectionsBefore = stage.upstream.connectionsAccepted;
    const since = stage.backend.logLines.length;
    await using connection = await open();
    connection.send(toHead("POST /v1/chat/completions", type, framing));
    connection.send(framing.startsWith("T") ? "100\r\n" : "", "x".repeat(100));
    if (isPassedOn)
      await expect.poll(() => stage.upstream.connectionsOpen, { interval: 2 }).toBeGreaterThan(0);
    connection.socket.destroy();
    await expect.poll(() => logged(since).map(({ status }) => status)).toEqual([499]);
    expect(countCalls()).toBe(before);
    expect(stage.upstream.connectionsAccepted).toBeLessThanOrEqual(connectionsBefore + 1);
    await expectNothingLeft();
  });

  it("in the middle of a download closes the upstream, and its place is free again", async () => {
    const bytes = Buffer.alloc(30_000_000, 7);
    stage.upstream.setReply(page("audio/mpeg", bytes));
    const before = countCalls();
    await using connection = await open();
    connection.send(toHead("GET /v1/files/a/content"));
    await connection.heard("audio/mpeg");
    connection.socket.destroy();
    const { by } = await (await nextCall(before)).closed;
    expect(by).toBe("client");
    await expectNothingLeft();
  });
});

describe("a slow upload", () => {
  it("is not held against the upstream, however long it takes", async () => {
    await using slow = await setStage({
      replies: [page("application/json", '{"id":"file-1"}')],
      config: {
        clocks: { first_byte_seconds: 0.2, whole_answer_seconds: 0.2 },
        gateway: { breaker: { failures_in_a_row: 1 } },
      },
    });
    await using connection = await connectTo(slow.backend.url);
    connection.send(toHead("POST /v1/files", multipart, "Content-Length: 60"));
    for (let piece = 0; piece < 6; piece++) {
      connection.send("0123456789");
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    expect(await connection.statuses(1)).toEqual([200]);
    expect(slow.upstream.calls[0]?.bodyText).toBe("0123456789".repeat(6));
  });

  it("may take longer than other requests, as long as it goes on", { timeout: 30_000 }, async () => {
    await using slow = await setStage({
      replies: [page("application/json", '{"id":"file-1"}')],
      config: { limits: { request_seconds: 1, headers_seconds: 1 } },
    });
    const piece = Buffer.alloc(30_000, "x");
    const send = async (pieces: number) => {
      await using connection = await connectTo(slow.backend.url);
      connection.send(toHead("POST /v1/files", multipart, `Content-Length: ${12 * piece.length}`));
      for (let count = 0; count < pieces; count++) {
        connection.send(piece);
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      return await connection.statuses(1);
    };
    expect(await Promise.all([send(12), send(1)])).toEqual([[200], [408]]);
    expect(slow.upstream.calls.map(({ bodyBytes }) => bodyBytes.length)).toEqual([12 * piece.length]);
  });

  it("that has come is waited for no longer than any other request", async () => {
    await using slow = await setStage({
      replies: [{ steps: [stall()] }],
      config: { clocks: { first_byte_seconds: 0.2, whole_answer_seconds: 0.2 } },
    });
    const answered = await slow.call("/files", {
      headers: { "content-type": "multipart/form-data; boundary=x" },
      body: Buffer.alloc(3_000_000),
    });
    expect(answered.status).toBe(504);
    expect(answered.totalMs).toBeLessThan(2000);
  });
});
