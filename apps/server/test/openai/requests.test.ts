import { answerAsAsked, page } from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { setStage, type OpenAiStage } from "./openai-stage.ts";
import { connectTo, toHead, toJsonRequest } from "./raw-connection.ts";

let stage: OpenAiStage;
const wholeBytesMax = 100_000;
const uploadBytesMax = 300_000;

beforeAll(async () => {
  stage = await setStage({
    config: { gateway: { body_bytes_max: wholeBytesMax, upload_bytes_max: uploadBytesMax } },
  });
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => stage.upstream.setReply(answerAsAsked("Hello")));

const open = () => connectTo(stage.backend.url);
const asked = { model: "fake-model", messages: [{ role: "user", content: "Hi" }] };
const question = (...lines: readonly string[]) => toJsonRequest("/chat/completions", asked, ...lines);
const multipart = "Content-Type: multipart/form-data; boundary=x";
const toChunk = (bytes: Uint8Array) => [`${bytes.length.toString(16)}\r\n`, bytes, "\r\n"];
const countCalls = () => stage.upstream.calls.length;

describe("what is wrong with a request", () => {
  it.each([
    ["no JSON", "{oops"],
    ["half of it", '{"model":"a","messages":['],
    ["no object", "[1,2]"],
    ["a number", "7"],
    ["too deep", `{"a":${"[".repeat(70)}${"]".repeat(70)}}`],
    ["a byte order mark", `\uFEFF${JSON.stringify(asked)}`],
    ["bytes that are no UTF-8", '{"model":"\xff\xfe"'],
  ])("is told with 400, and the connection goes on: %s", async (_name, body) => {
    const before = countCalls();
    await using connection = await open();
    connection.send(toJsonRequest("/chat/completions", body), question());
    expect(await connection.statuses(2)).toEqual([400, 200]);
    expect(connection.text).toContain('"type":"invalid_request_error"');
    expect(countCalls()).toBe(before + 1);
  });

  it.each([
    ["kept whole, in chunks", "Content-Type: application/json", wholeBytesMax],
    ["passed on, in chunks", multipart, uploadBytesMax],
    ["of no type, in chunks", "X-Y: z", wholeBytesMax],
  ])("is told with 413 when it is too long: %s", async (_name, type, bytesMax) => {
    await using connection = await open();
    connection.send(toHead("POST /v1/files", type, "Transfer-Encoding: chunked"));
    for (let sent = 0; sent < bytesMax + 20_000; sent += 20_000)
      connection.send(...toChunk(Buffer.alloc(20_000, "x")));
    expect((await connection.statuses(1))[0]).toBe(413);
    expect(connection.text).toContain("input_too_large");
    await expect.poll(() => stage.upstream.connectionsOpen, { timeout: 3000 }).toBeLessThan(3);
  });

  it("is no fault of the upstream's when it is too long", async () => {
    await using alone = await setStage({
      config: {
        gateway: { upload_bytes_max: uploadBytesMax, breaker: { failures_in_a_row: 1 } },
      },
    });
    await using connection = await connectTo(alone.backend.url);
    connection.send(toHead("POST /v1/files", multipart, "Transfer-Encoding: chunked"));
    for (let sent = 0; sent < 2 * uploadBytesMax; sent += 20_000)
      connection.send(...toChunk(Buffer.alloc(20_000, "x")));
    expect(await connection.statuses(1)).toEqual([413]);
    alone.upstream.setReply(page("application/json", "{}"));
    expect((await alone.call("/files", { method: "GET" })).status).toBe(200);
  });

  it.each([
    ["JSON", "Content-Type: application/json", wholeBytesMax],
    ["an upload", multipart, uploadBytesMax],
  ])("is told with 413 before it is sent: %s", async (_name, type, bytesMax) => {
    const before = countCalls();
    await using connection = await open();
    connection.send(toHead("POST /v1/files", type, `Content-Length: ${bytesMax + 1}`));
    expect(await connection.statuses(1)).toEqual([413]);
    expect(countCalls()).toBe(before);
  });

  it.each([["Bearer wrong"], ["Basic abc"]])(
    "reaches a caller who is still sending a large body, every time: %s",
    async (authorization) => {
      for (let round = 0; round < 10; round++) {
        const body = Buffer.alloc(8_000_000);
        const headers = { authorization, "content-type": "application/octet-stream" };
        const { status, isCut } = await stage.call("/files", { headers, body });
        expect([status, isCut]).toEqual([403, false]);
      }
    },
  );
});

describe("a connection", () => {
  it.each([
    ["a wrong token", ["Authorization: Bearer wrong"], 403],
    ["a path that leaves /v1", [], 400],
  ])("takes another request when the body of a refused one has come: %s", async (_name, lines, status) => {
    const before = countCalls();
    await using connection = await open();
    const body = JSON.stringify(asked);
    const target = status === 400 ? "/v1/../secret" : "/v1/chat/completions";
    const token = lines[0] ?? "X-Y: z";
    const refused = [
      `POST ${target} HTTP/1.1\r\nHost: a\r\n${token}\r\n`,
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    ].join("");
    connection.send(refused);
    await connection.statuses(1);
    connection.send(body, question());
    expect(await connection.statuses(2)).toEqual([status, 200]);
    expect(countCalls()).toBe(before + 1);
  });

  it("answers requests that come all at once, in their order", async () => {
    stage.upstream.setReply((call) => page("application/json", JSON.stringify({ path: call.path })));
    await using connection = await open();
    connection.send(["/files/a", "/files/b", "/files/c"].map((path) => toHead(`GET /v1${path}`)).join(""));
    await connection.statuses(3);
    await connection.heard(/files\/a[^]*files\/b[^]*files\/c/);
  });

  it("carries uploads and questions one behind the other", async () => {
    stage.upstream.setReply((call) =>
      page("application/json", JSON.stringify({ length: call.bodyBytes.length })),
    );
    await using connection = await open();
    const sizes = [1, 200_000, 0, 70_000];
    for (const [index, size] of sizes.entries()) {
      connection.send(
        toHead("POST /v1/files", multipart, `Content-Length: ${size}`),
        Buffer.alloc(size, "{"),
      );
      await connection.statuses(index + 1);
      await connection.heard(`"length":${size}}`);
    }
  });

  it("asks for a body with 100 where a caller waits for that", async () => {
    await using connection = await open();
    const body = JSON.stringify(asked);
    const lines = [
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
      "Expect: 100-continue",
    ];
    connection.send(toHead("POST /v1/chat/completions", ...lines));
    await connection.heard("HTTP/1.1 100 Continue\r\n\r\n");
    connection.send(body);
    expect(await connection.statuses(2)).toEqual([100, 200]);
    expect(stage.upstream.calls.at(-1)?.headers["expect"]).toBeUndefined();
  });

  it("answers HEAD without a body, and goes on", async () => {
    stage.upstream.enqueue({
      ...page("audio/mpeg", ""),
      headers: { "content-type": "audio/mpeg", "content-length": "1234" },
    });
    await using connection = await open();
    connection.send(toHead("HEAD /v1/files/a/content"), question());
    expect(await connection.statuses(2)).toEqual([200, 200]);
    expect(connection.text).toMatch(/content-length: 1234\r\n/i);
    expect(stage.upstream.calls.at(-2)?.method).toBe("HEAD");
  });

  it("answers a caller that offers HTTP/2 on a plain connection over HTTP/1.1", async () => {
    await using connection = await open();
    connection.send(
      question("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ"),
    );
    expect(await connection.statuses(1)).toEqual([200]);
    expect(stage.upstream.calls.at(-1)?.headers["upgrade"]).toBeUndefined();
  });
});

describe("what no honest client sends", () => {
  it.each([
    ["a length and chunks", ["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n"],
    ["chunks and a length", ["Transfer-Encoding: chunked", "Content-Length: 5"], "0\r\n\r\n"],
    ["two lengths", ["Content-Length: 5", "Content-Length: 6"], "abcdef"],
    ["a list of lengths", ["Content-Length: 5, 5"], "abcde"],
    ["a negative length", ["Content-Length: -5"], "abcde"],
    ["a length with a sign", ["Content-Length: +5"], "abcde"],
    ["another coding", ["Transfer-Encoding: identity"], "{}"],
    ["chunks twice", ["Transfer-Encoding: chunked, chunked"], "0\r\n\r\n"],
    ["a coding that is nearly one", ["Transfer-Encoding: xchunked"], "0\r\n\r\n"],
    ["a chunk of no size", ["Transfer-Encoding: chunked"], "zz\r\n"],
    ["two hosts", ["Host: b"], ""],
    ["a blank before the colon", ["Content-Length : 2"], "{}"],
    ["a folded line", ["X: b\r\n c"], ""],
  ])("is refused, and never sent on: %s", async (_name, lines, body) => {
    const before = countCalls();
    await using connection = await open();
    const hidden = toHead("GET /v1/files/hidden");
    connection.send(
      toHead("POST /v1/chat/completions", "Content-Type: application/json", ...lines),
      body,
      hidden,
    );
    expect((await connection.statuses(1))[0]).toBe(400);
    connection.socket.end();
    await connection.closed;
    const paths = stage.upstream.calls.slice(before).map(({ path }) => path);
    expect(paths.filter((path) => path !== "/v1/files/hidden")).toEqual([]);
    if (!lines[0]?.startsWith("Host")) expect(paths).toEqual([]);
  });

  it.each([
    ["/v1/../admin"],
    ["/v1/files/../../secret"],
    ["/v1/files/%2e%2e/%2E%2E/secret"],
    ["/v1/files/.%2e/secret"],
    ["/v1/files/..\\..\\secret"],
    ["/v1/.."],
  ])("does not leave the upstream's /v1: %s", async (target) => {
    const before = countCalls();
    await using connection = await open();
    connection.send(toHead(`GET ${target}`));
    expect(await connection.statuses(1)).toEqual([400]);
    expect(countCalls()).toBe(before);
  });

  it("passes names on that only look like it", async () => {
    stage.upstream.setReply(page("application/json", "{}"));
    for (const path of ["/files/..a", "/files/a..b", "/files/...", "/files/x?to=../y", "/files/a%20b"]) {
      expect((await stage.call(path, { method: "GET" })).status).toBe(200);
      expect(stage.upstream.calls.at(-1)?.path).toBe(`/v1${path}`);
    }
  });

  it("is not asked to show the upstream's key: TRACE", async () => {
    const before = countCalls();
    await using connection = await open();
    connection.send(toHead("TRACE /v1/files"));
    expect(await connection.statuses(1)).toEqual([405]);
    expect(countCalls()).toBe(before);
  });

  it("blames no upstream for a path that cannot be sent", async () => {
    await using alone = await setStage({ config: { gateway: { breaker: { failures_in_a_row: 1 } } } });
    await using connection = await connectTo(alone.backend.url);
    connection.socket.write(Buffer.from(toHead("GET /v1/files/\xe9\x80"), "latin1"));
    expect([200, 400]).toContain((await connection.statuses(1))[0]);
    expect((await alone.call("/files", { method: "GET" })).status).toBe(200);
  });
});
