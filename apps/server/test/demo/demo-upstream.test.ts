import { IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import fc from "fast-check";
import OpenAI from "openai";
import { describe, expect, it, onTestFinished } from "vitest";
import { streamCompletion } from "../../src/demo/demo-reply.ts";
import { startDemoUpstream, type DemoOptions } from "../../src/demo/start-demo-upstream.ts";

async function startDemo(options: DemoOptions = { pace: () => 0 }) {
  const { upstream, close } = await startDemoUpstream(options);
  onTestFinished(close);
  const [key = ""] = upstream.keys;
  const client = new OpenAI({ apiKey: key, baseURL: upstream.endpoint, maxRetries: 0 });
  const ask = async (content: string, history: readonly string[] = []) => {
    const turns = history.flatMap((text) => [
      { role: "user" as const, content: text },
      { role: "assistant" as const, content: "…" },
    ]);
    const answer = await client.chat.completions.create({
      model: "any",
      messages: [...turns, { role: "user", content }],
    });
    return answer.choices[0]?.message.content ?? "";
  };
  const post = (body: string, headers: Record<string, string> = { authorization: `Bearer ${key}` }) =>
    fetch(`${upstream.endpoint}/chat/completions`, { method: "POST", body, headers });
  return { upstream, key, client, ask, post };
}

const difficult =
  'He said: "it\'s \\n \\ a {test}"\r\n\tline two\n\n你好，世界 👩‍👩‍👧‍👦 🇩🇪 e\u0301 \u2028 <b>&amp;</b>\u0007';
const toBody = (content: unknown, more: object = {}) =>
  JSON.stringify({ model: "m", messages: [{ role: "user", content }], ...more });

describe("an answer", () => {
  it("says what it is, repeats what it was sent, and tells how to get real ones", async () => {
    const { ask } = await startDemo();
    const answer = await ask(difficult);
    expect(answer).toContain("This is the built-in demo upstream of llm-backend; no model is connected");
    expect(answer).toContain(`“${difficult}”`);
    expect(answer).toMatch(/OPENAI_API_KEY.*Ollama.*upstreams in config\.yaml/s);
  });

  it("knows how many messages came before", async () => {
    const { ask } = await startDemo();
    expect(await ask("a")).toContain("the first message of this conversation");
    expect(await ask("c", ["a", "b"])).toContain(
      "message 3 of this conversation; the 2 before it came along",
    );
  });

  it.each([
    ["你好", "这是 llm-backend 内置的演示上游"],
    ["请用 TypeScript 写一个 quicksort 函数，谢谢！", "这是本次对话的第一条消息"],
    ["介绍一下RUST", "「介绍一下RUST」"],
    ["What does the character 好 mean in Chinese, please?", "no model is connected"],
    ["こんにちは世界", "no model is connected"],
    ["안녕하세요", "no model is connected"],
    ["🎉🎉🎉", "no model is connected"],
    ["", "no model is connected"],
  ])("is in Chinese where the message is: %s", async (message, expected) => {
    const { ask } = await startDemo();
    expect(await ask(message)).toContain(expected);
  });

  it("repeats any text exactly, streamed and whole", async () => {
    const { client, ask } = await startDemo();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 200 }), async (content) => {
        const whole = await ask(content);
        const stream = await client.chat.completions.create({
          model: "m",
          stream: true,
          messages: [{ role: "user", content }],
        });
        let streamed = "";
        for await (const chunk of stream) streamed += chunk.choices[0]?.delta.content ?? "";
        expect(streamed).toBe(whole);
        expect(whole).toContain(content);
      }),
      { numRuns: 25 },
    );
  });

  it("repeats 20,000 characters of a longer message, and takes few seconds for it", async () => {
    const { ask, client } = await startDemo();
    const content = "😀".repeat(500_000);
    const answer = await ask(content);
    expect(answer).toContain(`${"😀".repeat(10_000)}… (1000000)`);
    expect(answer.isWellFormed()).toBe(true);
    const stream = await client.chat.completions.create({
      model: "m",
      stream: true,
      messages: [{ role: "user", content: "word ".repeat(4_000) }],
    });
    let pieces = 0;
    for await (const chunk of stream) pieces += chunk.choices.length;
    expect(pieces).toBeLessThan(260);
  });

  it("takes content in parts", async () => {
    const { post } = await startDemo();
    const response = await post(
      toBody([
        { type: "text", text: "part one, " },
        { type: "image_url" },
        { type: "text", text: "part two" },
      ]),
    );
    expect(await response.text()).toContain("part one, part two");
  });
});

describe("a stream", () => {
  it("is what OpenAI's API sends: role, pieces, finish, usage when asked for, [DONE]", async () => {
    const { post } = await startDemo();
    const response = await post(
      toBody("hello", { model: "gpt-x", stream: true, stream_options: { include_usage: true } }),
    );
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const frames = (await response.text()).split("\n\n").filter((frame) => frame !== "");
    expect(frames.pop()).toBe("data: [DONE]");
    const chunks = frames.map((frame) => JSON.parse(frame.slice(6)) as OpenAI.ChatCompletionChunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "" });
    expect(new Set(chunks.map(({ id, model, object }) => `${id} ${model} ${object}`)).size).toBe(1);
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: "stop" });
    const { choices, usage } = chunks.at(-1) ?? {};
    expect(choices).toEqual([]);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
    const silent = await (await post(toBody("hello", { stream: true }))).text();
    expect(silent).not.toContain('"usage"');
  });

  it("comes word by word at the pace of a model", async () => {
    const { client } = await startDemo({});
    const started = performance.now();
    const stream = await client.chat.completions.create({
      model: "m",
      stream: true,
      messages: [{ role: "user", content: "hi" }],
    });
    const times: number[] = [];
    for await (const _ of stream) times.push(performance.now());
    expect(times.length).toBeGreaterThan(50);
    expect((times.at(-1) ?? 0) - started).toBeGreaterThan(50 * 19);
    expect((times[1] ?? 0) - started).toBeLessThan(1_000);
  });

  it("survives being cut anywhere, also inside of characters, on both ways", async () => {
    const { upstream, key } = await startDemo();
    const { port } = new URL(upstream.endpoint);
    const body = Buffer.from(toBody(difficult, { stream: true }));
    const socket = connect(Number(port), "127.0.0.1").setNoDelay(true);
    onTestFinished(() => void socket.destroy());
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
    );
    for (const byte of body) {
      socket.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      for (const byte of chunk) text += decoder.decode(Uint8Array.of(byte), { stream: true });
    }
    const deltas = text
      .split(/\r?\n/)
      .filter((line) => line.startsWith("data: {"))
      .map((line) => JSON.parse(line.slice(6)) as OpenAI.ChatCompletionChunk);
    const answer = deltas.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
    expect(answer).toContain(`“${difficult}”`);
  });

  it("ends when its reader leaves, and the server goes on", async () => {
    const paces: string[] = [];
    const { client, ask } = await startDemo({ pace: (piece) => (paces.push(piece), 20) });
    const stream = await client.chat.completions.create({
      model: "m",
      stream: true,
      messages: [{ role: "user", content: "hi" }],
    });
    for await (const _ of stream) if (paces.length > 3) break;
    const left = paces.length;
    expect(await ask("still there?")).toContain("still there?");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(paces.length).toBeLessThanOrEqual(left + 2);
  });

  it("waits for a reader who does not read", async () => {
    let takeMore: (() => void) | undefined;
    const socket = new Duplex({
      highWaterMark: 1,
      read: () => undefined,
      write: (_chunk, _encoding, done) => (takeMore = done),
    });
    const response = new ServerResponse(new IncomingMessage(socket as Socket));
    response.assignSocket(socket as Socket);
    // As the HTTP server does for its connections.
    socket.on("drain", () => response.emit("drain"));
    let pieces = 0;
    const request = { model: "m", messages: [{ role: "user", content: "hi" }] };
    const sent = streamCompletion(response, request, {
      envelope: { id: "x", created: 0, model: "m" },
      pace: () => (pieces++, 0),
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pieces).toBe(0);
    const reading = setInterval(() => {
      const done = takeMore;
      takeMore = undefined;
      done?.();
    }, 0);
    await sent;
    clearInterval(reading);
    expect(pieces).toBeGreaterThan(50);
  });
});

describe("the server", () => {
  it("lists its model, and answers for any other", async () => {
    const { client } = await startDemo();
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(["demo"]);
    const answer = await client.chat.completions.create({
      model: "claude-9",
      messages: [{ role: "user", content: "x" }],
    });
    expect(answer.model).toBe("claude-9");
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    expect(answer.usage?.total_tokens).toBeGreaterThan(0);
  });

  it("answers nobody without its key, which is new for every process", async () => {
    const [one, two] = [await startDemo(), await startDemo()];
    expect(one.key).not.toBe(two.key);
    expect(one.key.length).toBeGreaterThan(30);
    for (const headers of [
      {},
      { authorization: "Bearer demo" },
      { authorization: `Bearer ${two.key}` },
      { authorization: one.key },
    ]) {
      const response = await one.post(toBody("x"), headers);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error" } });
    }
  });

  it("is reached from this machine only", async () => {
    const { upstream } = await startDemo();
    expect(new URL(upstream.endpoint).hostname).toBe("127.0.0.1");
  });

  it.each([
    "",
    "{",
    "[]",
    '{"model":"m"}',
    '{"model":"m","messages":[]}',
    '{"model":1,"messages":[{"role":"user","content":"x"}]}',
    '{"model":"m","messages":[{"role":"user","content":5}]}',
  ])("refuses a body that is no chat completion: %s", async (body) => {
    const { post } = await startDemo();
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toHaveProperty("error.message");
  });

  it("knows no other paths", async () => {
    const { upstream, key } = await startDemo();
    const response = await fetch(`${upstream.endpoint}/embeddings`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(response.status).toBe(404);
  });

  it("closes at once, also in the middle of an answer, and twice", async () => {
    const { upstream, close } = await startDemoUpstream();
    const response = await fetch(`${upstream.endpoint}/chat/completions`, {
      method: "POST",
      body: toBody("x", { stream: true }),
      headers: { authorization: `Bearer ${upstream.keys[0]}` },
    });
    const reading = response.text();
    const started = performance.now();
    await Promise.all([close(), expect(reading).rejects.toThrow("terminated")]);
    await close();
    expect(performance.now() - started).toBeLessThan(500);
  });
});
