import { connect } from "node:net";
import { expect, test } from "vitest";
import {
  answer,
  createBlackHole,
  createFakeUpstream,
  createHandDrivenReply,
  cut,
  fail,
  findClosedPort,
  finish,
  head,
  raw,
  reset,
  say,
  stall,
  think,
  wait,
  wire,
} from "../src/index.ts";
import { chatRequest, openRaw } from "./raw-client.ts";

const contentOf = (received: string) =>
  [...received.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text).join("");

test("streams a complete answer and keeps the connection for the next request", async () => {
  await using upstream = await createFakeUpstream({ reply: answer(["Ru", "st"]) });
  using client = openRaw(upstream.port, chatRequest());
  const first = await client.until((received) => received.endsWith("0\r\n\r\n"));
  expect(first).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(contentOf(first)).toBe("Rust");
  expect(first).toContain('"finish_reason":"stop"');
  expect(first).toContain("data: [DONE]");
  client.socket.write(chatRequest());
  await client.until((received) => received.split("[DONE]").length === 3);
  expect(upstream.calls.map((call) => call.connection)).toEqual([1, 1]);
  expect(upstream.connectionsAccepted).toBe(1);
});

test("logs method, path, headers, body, order and bytes of each call", async () => {
  await using first = await createFakeUpstream();
  await using second = await createFakeUpstream();
  using one = openRaw(first.port, chatRequest({ model: "a" }));
  await one.until((received) => received.includes("[DONE]"));
  using two = openRaw(second.port, chatRequest({ model: "b" }));
  await two.until((received) => received.endsWith("0\r\n\r\n"));
  const call = await second.nextCall();
  expect(call).toMatchObject({ method: "POST", path: "/v1/chat/completions", body: { model: "b" } });
  expect(call.headers["content-type"]).toBe("application/json");
  expect(call.sequence).toBeGreaterThan((await first.nextCall()).sequence);
  await call.answered;
  expect(call.bytesWritten).toBe(two.received().length);
});

test("takes queued replies before the default, and a default that looks at the request", async () => {
  await using upstream = await createFakeUpstream({
    reply: (call) => answer(`default for ${(call.body as { model: string }).model}`),
  });
  upstream.enqueue(fail(503, { error: { message: "busy" } }, { "retry-after": "2" }));
  using client = openRaw(upstream.port, chatRequest());
  const failed = await client.until((received) => received.includes("busy"));
  expect(failed).toMatch(/^HTTP\/1\.1 503 /);
  expect(failed).toContain("retry-after: 2");
  client.socket.write(chatRequest({ model: "mine" }));
  await client.until((received) => received.includes("default for mine"));
});

test("lists models", async () => {
  await using upstream = await createFakeUpstream({ models: ["a", "b"] });
  const list = (await (await fetch(`${upstream.url}/models`)).json()) as { data: { id: string }[] };
  expect(list.data.map(({ id }) => id)).toEqual(["a", "b"]);
});

test("names reasoning as the script says", async () => {
  await using upstream = await createFakeUpstream({
    reply: { steps: [think("hm"), think("so", "reasoning"), finish({ usage: null })] },
  });
  using client = openRaw(upstream.port, chatRequest());
  const received = await client.until((text) => text.endsWith("0\r\n\r\n"));
  expect(received).toContain('"delta":{"reasoning_content":"hm"}');
  expect(received).toContain('"delta":{"reasoning":"so"}');
  expect(received).not.toContain("usage");
});

test("waits for a gate, and for the client's close while it stalls", async () => {
  await using upstream = await createFakeUpstream({
    reply: { steps: [say("a"), wait("go"), say("b"), stall()] },
  });
  using client = openRaw(upstream.port, chatRequest());
  await client.until((received) => contentOf(received) === "a");
  upstream.open("go");
  await client.until((received) => contentOf(received) === "ab");
  const call = await upstream.nextCall();
  const before = performance.now();
  client.socket.destroy();
  const end = await call.closed;
  expect(end.by).toBe("client");
  expect(end.at).toBeGreaterThanOrEqual(before);
  await call.answered;
  expect(upstream.connectionsOpen).toBe(0);
});

test("cuts with FIN in the middle of a body", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say("a"), cut()] } });
  using client = openRaw(upstream.port, chatRequest());
  expect(await client.ended).toBe("FIN");
  expect(client.received()).not.toContain("\r\n0\r\n\r\n");
  expect((await (await upstream.nextCall()).closed).by).toBe("upstream");
});

test("cuts with FIN after the terminating chunk", async () => {
  await using upstream = await createFakeUpstream({
    reply: { steps: [say("a"), cut({ terminated: true })] },
  });
  using client = openRaw(upstream.port, chatRequest());
  expect(await client.ended).toBe("FIN");
  expect(client.received()).toMatch(/\r\n0\r\n\r\n$/);
});

test("resets with RST", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say("a"), wait("go"), reset()] } });
  using client = openRaw(upstream.port, chatRequest());
  await client.until((received) => contentOf(received) === "a");
  upstream.open("go");
  expect(await client.ended).toBe("ECONNRESET");
});

test("writes bytes past the framing", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [wire("not http at all"), cut()] } });
  using client = openRaw(upstream.port, chatRequest());
  await client.ended;
  expect(client.received()).toBe("not http at all");
});

test("sends the head alone when told to", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [head(), stall()] } });
  using client = openRaw(upstream.port, chatRequest());
  const received = await client.until((text) => text.endsWith("\r\n\r\n"));
  expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
});

test("frames by length, and by the end of the connection", async () => {
  await using upstream = await createFakeUpstream();
  upstream.enqueue(
    { framing: "length", steps: [raw("12345")] },
    { framing: "eof", keepAlive: false, steps: [raw("12345")] },
  );
  using first = openRaw(upstream.port, chatRequest());
  expect(await first.until((received) => received.includes("12345"))).toContain("content-length: 5\r\n");
  using second = openRaw(upstream.port, chatRequest());
  expect(await second.ended).toBe("FIN");
  expect(second.received()).toMatch(/connection: close\r\n\r\n12345$/);
  expect(second.received()).not.toContain("transfer-encoding");
});

test("sets, repeats and removes headers", async () => {
  await using upstream = await createFakeUpstream({
    reply: { headers: { "content-type": null, "x-many": ["1", "2"] }, steps: [head(), stall()] },
  });
  using client = openRaw(upstream.port, chatRequest());
  const received = await client.until((text) => text.endsWith("\r\n\r\n"));
  expect(received).toContain("x-many: 1\r\nx-many: 2\r\n");
  expect(received).not.toContain("content-type");
});

test("splits the body at offsets, each piece a chunk of its own", async () => {
  await using upstream = await createFakeUpstream({
    reply: { splitAt: [1, 3], steps: [raw("ab"), raw("cdef")] },
  });
  using client = openRaw(upstream.port, chatRequest());
  const received = await client.until((text) => text.endsWith("0\r\n\r\n"));
  const body = received.slice(received.indexOf("\r\n\r\n") + 4);
  expect(body).toBe("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n3\r\ndef\r\n0\r\n\r\n");
  expect(client.reads.length).toBeGreaterThan(2);
});

test("plays a reply that is driven by hand", async () => {
  const hand = createHandDrivenReply();
  await using upstream = await createFakeUpstream({ reply: hand.reply });
  using client = openRaw(upstream.port, chatRequest());
  hand.push(say("a"));
  await client.until((received) => contentOf(received) === "a");
  hand.push(say("b"), finish());
  hand.end();
  const received = await client.until((text) => text.endsWith("0\r\n\r\n"));
  expect(contentOf(received)).toBe("ab");
});

test("reads a request that arrives byte by byte, and two that arrive together", async () => {
  await using upstream = await createFakeUpstream({ reply: fail(418) });
  using client = openRaw(upstream.port, "");
  for (const byte of chatRequest({ model: "ä" })) {
    await new Promise((resolve) => client.socket.write(byte, resolve));
  }
  client.socket.write(chatRequest({ model: "b" }) + chatRequest({ model: "c" }));
  await client.until((received) => received.split("fake failure").length === 4);
  expect(upstream.calls.map((call) => call.body)).toEqual([{ model: "ä" }, { model: "b" }, { model: "c" }]);
});

test("cuts open connections when it closes", async () => {
  const upstream = await createFakeUpstream({ reply: { steps: [stall()] } });
  using client = openRaw(upstream.port, chatRequest());
  await upstream.nextCall();
  await upstream.close();
  await client.ended;
  expect(upstream.connectionsOpen).toBe(0);
});

test("finds a port that refuses", async () => {
  using client = openRaw(await findClosedPort(), "");
  expect(await client.ended).toBe("ECONNREFUSED");
});

test("opens a black hole that answers no SYN", { timeout: 5000 }, async () => {
  await using hole = await createBlackHole();
  const socket = connect(hole.port, "127.0.0.1");
  const connected = new Promise((resolve) => socket.once("connect", () => resolve("connected")));
  const silence = new Promise((resolve) => setTimeout(resolve, 150, "silence"));
  expect(await Promise.race([connected, silence])).toBe("silence");
  socket.destroy();
});
