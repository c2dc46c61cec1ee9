import { readFile } from "node:fs/promises";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import {
  answerAsAsked,
  continuing,
  createFakeUpstream,
  createTestAuthority,
  drippingHead,
  embeddings,
  endless,
  gzipBomb,
  inCharacters,
  page,
} from "../src/index.ts";
import { chatRequest, openRaw } from "./raw-client.ts";

const contentOf = (received: string) =>
  [...received.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text).join("");

test("keeps the bytes of a body as they came, by length and in chunks", async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
  await using upstream = await createFakeUpstream({ reply: page("audio/mpeg", bytes) });
  const answered = await fetch(`${upstream.url}/audio/speech`, { method: "POST", body: bytes });
  expect(Buffer.from(await answered.arrayBuffer())).toEqual(bytes);
  const body = new Blob([bytes]).stream();
  await fetch(`${upstream.url}/audio/speech`, { method: "POST", body, duplex: "half" } as RequestInit);
  expect(upstream.calls.map((call) => call.headers["transfer-encoding"])).toEqual([undefined, "chunked"]);
  for (const call of upstream.calls) expect(call.bodyBytes.equals(bytes)).toBe(true);
});

test("answers before it has read the request, and closes", async () => {
  await using upstream = await createFakeUpstream({
    early: ({ headers }) =>
      Number(headers["content-length"]) > 1000 ? page("text/plain", "too much", 413) : undefined,
  });
  using client = openRaw(
    upstream.port,
    "POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\nabc",
  );
  expect(await client.ended).toBe("FIN");
  expect(client.received()).toMatch(/^HTTP\/1\.1 413 [^]*too much$/);
  using other = openRaw(upstream.port, chatRequest());
  await other.until((received) => received.includes("[DONE]"));
  expect(upstream.calls.map(({ bodyText }) => bodyText.length > 0)).toEqual([false, true]);
});

test("answers as it was asked: in one piece or as a stream", async () => {
  await using upstream = await createFakeUpstream({ reply: answerAsAsked(["Ru", "st"]) });
  const ask = async (stream: boolean) => {
    const body = JSON.stringify({ stream });
    return (await fetch(`${upstream.url}/chat/completions`, { method: "POST", body })).text();
  };
  expect(JSON.parse(await ask(false))).toMatchObject({
    object: "chat.completion",
    choices: [{ message: { content: "Rust" }, finish_reason: "stop" }],
  });
  expect(contentOf(await ask(true))).toBe("Rust");
});

test("goes on after what the assistant has said already", async () => {
  await using upstream = await createFakeUpstream({ reply: continuing("Rust is fast") });
  for (const [prefill, rest] of [
    ["Rust ", "is fast"],
    ["Go ", "Rust is fast"],
  ] as const) {
    using client = openRaw(
      upstream.port,
      chatRequest({ messages: [{ role: "assistant", content: prefill }] }),
    );
    const received = await client.until((text) => text.includes("[DONE]"));
    expect(contentOf(received)).toBe(rest);
  }
});

test("drips a head and goes on for ever, until the client leaves", async () => {
  await using upstream = await createFakeUpstream();
  upstream.enqueue(drippingHead(1), endless("x"), endless("y", 1));
  for (const sign of ["x-5: drip", "xx", "yy"]) {
    using client = openRaw(upstream.port, chatRequest());
    await client.until((received) => received.includes(sign) || contentOf(received).includes(sign));
    client.socket.destroy();
    const call = await upstream.nextCall();
    await call.answered;
    expect((await call.closed).by).toBe("client");
  }
});

test("keeps lists of models out of its calls when it is told to", async () => {
  await using upstream = await createFakeUpstream({ logsModelLists: false });
  await fetch(`${upstream.url}/models`);
  await (await fetch(`${upstream.url}/chat/completions`, { method: "POST" })).text();
  expect(upstream.calls.map(({ method }) => method)).toEqual(["POST"]);
});

test("makes bombs, vectors and single characters", async () => {
  expect(gzipBomb(8).length).toBeLessThan(16_384);
  expect(gunzipSync(gzipBomb(8))).toHaveLength(8 * 1024 * 1024);
  await using upstream = await createFakeUpstream({ reply: embeddings([[1, 2], [3]]) });
  const list: unknown = await (await fetch(`${upstream.url}/embeddings`, { method: "POST" })).json();
  expect(list).toMatchObject({
    data: [
      { index: 0, embedding: [1, 2] },
      { index: 1, embedding: [3] },
    ],
  });
  upstream.enqueue(inCharacters("字😀"));
  using client = openRaw(upstream.port, chatRequest());
  await client.until((received) => received.includes("[DONE]"));
  expect(client.received().match(/"content":"[^"]+"/g)).toHaveLength(2);
});

test("signs certificates, good and expired ones", async ({ skip }) => {
  const authority = await createTestAuthority();
  if (authority === undefined) return skip("no openssl on this machine");
  await using _ = authority;
  const ca = await readFile(authority.file, "utf8");
  const connectTo = async (isExpired: boolean, servername: string) => {
    await using upstream = await createFakeUpstream({
      tls: await authority.issue("localhost", { isExpired }),
    });
    return await new Promise<string>((resolve) => {
      const socket = connectTls({ port: upstream.port, host: "127.0.0.1", ca, servername }, () => {
        socket.destroy();
        resolve("connected");
      }).on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  };
  expect(await connectTo(false, "localhost")).toBe("connected");
  expect(await connectTo(true, "localhost")).toBe("CERT_HAS_EXPIRED");
  expect(await connectTo(false, "elsewhere")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});
