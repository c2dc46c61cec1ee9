import { createHash, randomBytes } from "node:crypto";
import {
  answer,
  answerAsAsked,
  fail,
  finish,
  page,
  raw,
  role,
  say,
  spawnBackend,
  wait,
} from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readProcessUsage } from "../faults/process-usage.ts";
import { callV1 } from "../faults/v1-caller.ts";
import { callerToken, setStage, toUpstreamKey, type OpenAiStage } from "./openai-stage.ts";
import { connectTo, toJsonRequest } from "./raw-connection.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage({ replies: [undefined, undefined] });
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  for (const upstream of stage.upstreams) upstream.setReply(page("application/json", '{"ok":true}'));
});

const toHash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const lastCall = () => stage.upstream.calls.at(-1) as NonNullable<(typeof stage.upstream.calls)[number]>;
const json = { "content-type": "application/json" };

describe("every method and path goes to an upstream", () => {
  it.each([
    ["GET", "/files?limit=3&after=a%20b&x=%C5%81"],
    ["GET", ""],
    ["GET", "/"],
    ["GET", "?a=b"],
    ["PUT", "/vector_stores/1"],
    ["DELETE", "/assistants/asst_1"],
    ["PATCH", "/things/1"],
    ["HEAD", "/files/1"],
    ["POST", "/some/path/of/tomorrow"],
    ["QUERY", "/search"],
    ["POST", "/fine_tuning/jobs/ftjob-1/cancel"],
  ])("%s %s", async (method, path) => {
    const body = ["PUT", "PATCH", "QUERY"].includes(method) ? '{"a" : 1}' : undefined;
    const answered = await stage.call(path, { method, headers: json, ...(body !== undefined && { body }) });
    expect(answered.status).toBe(200);
    expect([lastCall().method, lastCall().path, lastCall().bodyText]).toEqual([
      method,
      `/v1${path}`,
      body ?? "",
    ]);
    expect(answered.bytes.toString()).toBe(method === "HEAD" ? "" : '{"ok":true}');
  });

  it("an endpoint may leave /v1 out, or have a path and a query of its own", async () => {
    await using bare = await setStage({ replies: [page("application/json", "{}")] });
    for (const [suffix, wanted] of [
      ["", "/v1/files?a=b"],
      ["/v1/", "/v1/files?a=b"],
      ["/openai/v1", "/openai/v1/files?a=b"],
      ["/openai/v1?api-version=2", "/openai/v1/files?a=b&api-version=2"],
    ]) {
      const { services } = bare.backend.server.backend;
      const [upstream] = await services.upstreams.list();
      const endpoint = new URL(bare.upstream.url).origin + suffix;
      await services.upstreams.update({ id: upstream?.id ?? 0, endpoint });
      await bare.call("/files?a=b", { method: "GET" });
      expect(bare.upstream.calls.at(-1)?.path).toBe(wanted);
    }
  });

  it("a DELETE with a body, and a GET with one, keep it", async () => {
    for (const method of ["DELETE", "GET"]) {
      expect((await stage.call("/threads/1", { method, headers: json, body: '{"a":1}' })).status).toBe(200);
      expect([lastCall().method, lastCall().bodyText]).toEqual([method, '{"a":1}']);
    }
  });

  it.each([
    [200, ""],
    [201, '{"id":1}'],
    [202, "{}"],
    [204, ""],
    [206, "part"],
  ])("any success is passed on with its status: %d", async (status, body) => {
    stage.upstream.setReply({
      ...page("text/plain", body, status),
      ...(status === 204 && { framing: "length" }),
    });
    const { status: heard, bytes, headers } = await stage.call("/files/1", { method: "GET" });
    expect([heard, bytes.toString(), headers["content-type"]]).toEqual([status, body, "text/plain"]);
  });
});

describe("bodies go byte for byte", () => {
  it("JSON, however it is written", async () => {
    const text = '{ "input" :"\\u0141\\/x",\n\t"model":"m", "n":1.0e2, "model_x":1 , "dup":1,"dup":2}';
    await stage.call("/embeddings", { headers: json, body: text });
    expect(lastCall().bodyText).toBe(text);
    const chat = '{"messages":[ {"role":"user","content":"\\ud83d\\ude00"} ],"model":"m" ,"x": -0}';
    stage.upstream.setReply(answerAsAsked("Hello"));
    await stage.call("/chat/completions", { headers: json, body: chat });
    expect(lastCall().bodyText).toBe(chat);
  });

  it(
    "20 MB up as a form and 20 MB down, and the process does not grow with their size",
    { timeout: 60_000 },
    async () => {
      const up = randomBytes(20_000_000);
      const down = randomBytes(20_000_000);
      stage.upstream.setReply(page("audio/mpeg", down));
      await using backend = await spawnBackend({
        upstreams: [{ endpoint: stage.upstream.url, sk: "sk-x" }],
        config: { authorization: callerToken },
      });
      const headers = { "content-type": "multipart/form-data; boundary=x" };
      const send = (body: Buffer) => callV1(backend.url, "/audio/speech", { headers, body });
      const answered = await send(up);
      expect(answered.status).toBe(200);
      expect(toHash(answered.bytes)).toBe(toHash(down));
      expect(toHash(lastCall().bodyBytes)).toBe(toHash(up));
      const before = readProcessUsage(backend.pid)?.rssBytesMax ?? 0;
      stage.upstream.setReply(page("audio/mpeg", Buffer.alloc(80_000_000)));
      expect((await send(Buffer.alloc(80_000_000))).bytes.length).toBe(80_000_000);
      // Held whole it would be 60 MB more, each way.
      const grown = (readProcessUsage(backend.pid)?.rssBytesMax ?? 0) - before;
      expect(grown).toBeLessThan(55_000_000);
    },
  );

  it("an upload goes to the next upstream, as long as little of it was sent", async () => {
    stage.upstream.setReply(fail(503));
    const body = randomBytes(300_000);
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    expect((await stage.call("/files", { headers, body })).status).toBe(200);
    expect(toHash(stage.upstreams[1]?.calls.at(-1)?.bodyBytes ?? Buffer.alloc(0))).toBe(toHash(body));
  });
});

describe("streams go as they come", () => {
  const said = [role(), say(["Hello", " wor"]), wait(5), say("ld"), wait(5), finish()];

  it("to a caller of HTTP/1.0, as many proxies are", async () => {
    stage.upstream.setReply({ steps: said });
    await using connection = await connectTo(stage.backend.url);
    const request = toJsonRequest("/chat/completions", { model: "m", stream: true, messages: [] });
    connection.send(request.replace("HTTP/1.1", "HTTP/1.0"));
    await connection.closed;
    const [head = "", body = ""] = connection.text.split("\r\n\r\n", 2);
    expect(head).not.toMatch(/transfer-encoding/i);
    const lines = body.split("\n").filter((line) => line !== "");
    expect(lines.filter((line) => !line.startsWith("data: "))).toEqual([]);
    expect(lines.at(-1)).toBe("data: [DONE]");
    expect(body).toContain("ld");
  });

  it.each([
    ["of a known length", "length"],
    ["in chunks", "chunked"],
    ["until the connection ends", "eof"],
  ] as const)("events that are not understood, byte for byte: %s", async (_name, framing) => {
    const bytes = Buffer.from('event: partial\ndata: {"b64":"abcdefgh"}\n\nevent: done\ndata: {}\n\n');
    const headers = { "content-type": "text/event-stream" };
    const pieces = [bytes.subarray(0, 20), bytes.subarray(20, 45), bytes.subarray(45)];
    const steps = pieces.flatMap((piece) => [raw(piece), wait(5)]);
    stage.upstream.setReply({ framing, headers, steps });
    const asked = { headers: json, body: '{"stream":true}' };
    const answered = await stage.call("/images/generations", asked);
    expect([answered.status, answered.isCut, answered.bytes.toString()]).toEqual([
      200,
      false,
      bytes.toString(),
    ]);
  });
});

describe("headers", () => {
  const sent = {
    "content-type": "application/json",
    accept: "application/json",
    cookie: "a=b",
    "openai-organization": "org-1",
    "openai-beta": "assistants=v2",
    "user-agent": "my-app/1",
    "x-custom": "1",
    "x-api-key": "secret-of-the-caller",
    te: "trailers",
    "keep-alive": "timeout=5",
    "proxy-authorization": "Basic abc",
    connection: "keep-alive, x-hop",
    "x-hop": "1",
    "accept-encoding": "gzip",
  };
  const names = (call: { headers: object } | undefined) =>
    Object.keys(call?.headers ?? {}).filter(
      (name) => !["host", "connection", "content-length"].includes(name),
    );

  it("only Content-Type and Accept of the caller's go out", async () => {
    await stage.call("/files", { headers: sent, body: "{}" });
    expect(names(lastCall()).toSorted()).toEqual([
      "accept",
      "accept-encoding",
      "authorization",
      "content-type",
      "user-agent",
    ]);
    expect(lastCall().headers).toMatchObject({
      authorization: `Bearer ${toUpstreamKey(0)}`,
      accept: "application/json",
      "content-type": "application/json",
      "user-agent": "llm-backend",
    });
  });

  it("keep_header passes the others on, but never credentials or what belongs to the connection", async () => {
    await using keeping = await setStage({
      replies: [page("application/json", "{}")],
      entries: [{ keep_header: true }],
    });
    await keeping.call("/files", { headers: sent, body: "{}" });
    const call = keeping.upstream.calls.at(-1);
    expect(names(call).toSorted()).toEqual([
      "accept",
      "accept-encoding",
      "authorization",
      "content-type",
      "openai-beta",
      "openai-organization",
      "user-agent",
      "x-custom",
    ]);
    expect(call?.headers).toMatchObject({
      authorization: `Bearer ${toUpstreamKey(0)}`,
      "user-agent": "my-app/1",
    });
  });

  it("sk: asis passes the caller's own key on", async () => {
    await using asis = await setStage({
      replies: [page("application/json", "{}")],
      entries: [{ sk: "asis" }],
      config: { noauth: true },
    });
    for (const authorization of ["Bearer sk-of-the-caller", "Basic abc"]) {
      await asis.call("/files", { method: "GET", headers: { authorization } });
      expect(asis.upstream.calls.at(-1)?.headers["authorization"]).toBe(authorization);
    }
  });

  it("an upstream without a key gets none", async () => {
    await using keyless = await setStage({
      replies: [page("application/json", "{}")],
      entries: [{ sk: "" }],
    });
    await keyless.call("/files", { method: "GET" });
    expect(keyless.upstream.calls.at(-1)?.headers["authorization"]).toBeUndefined();
  });

  it("of the answer: those that say what it is, and none of the upstream's own", async () => {
    stage.upstream.setReply({
      ...page("audio/mpeg", "abc"),
      headers: {
        "content-type": "audio/mpeg",
        "content-disposition": 'attachment; filename="a.mp3"',
        "set-cookie": "a=b",
        server: "upstream",
        "openai-organization": "org-of-the-operator",
        "access-control-allow-origin": "https://upstream.example",
        "access-control-allow-credentials": "true",
        "x-ratelimit-remaining-requests": "7",
        "x-request-id": "of-the-upstream",
      },
    });
    const { headers } = await stage.call("/files/1/content", { method: "GET" });
    expect(headers).toMatchObject({
      "content-type": "audio/mpeg",
      "content-disposition": 'attachment; filename="a.mp3"',
      "content-length": "3",
      "access-control-allow-origin": "*",
    });
    expect(headers["x-request-id"]).toMatch(/^req_/);
    for (const name of ["set-cookie", "server", "openai-organization", "access-control-allow-credentials"])
      expect(headers[name]).toBeUndefined();
    expect(headers["x-ratelimit-remaining-requests"]).toBeUndefined();
  });
});

describe("CORS is on every answer", () => {
  const origin = "https://app.example.com";

  it("to a preflight, whoever asks", async () => {
    const { status, headers } = await stage.call("/chat/completions", {
      method: "OPTIONS",
      headers: {
        authorization: "",
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-stainless-os",
      },
    });
    expect(status).toBe(204);
    expect(headers["access-control-allow-origin"]).toBe("*");
    expect(headers["access-control-allow-methods"]).toContain("POST");
    expect(headers["access-control-allow-headers"]).toContain("x-stainless-os");
  });

  it("to answers, streams, refusals and failures", async () => {
    const chat = (body: string) => ({ headers: { ...json, origin }, body });
    stage.upstream.enqueue(answer("Hello"), fail(400), fail(404, { error: { message: "no" } }));
    const seen: (readonly [number, unknown])[] = [];
    const note = async (...given: Parameters<OpenAiStage["call"]>) => {
      const { status, headers } = await stage.call(...given);
      seen.push([status, headers["access-control-allow-origin"]]);
    };
    await note("/chat/completions", chat('{"model":"m","stream":true,"messages":[]}'));
    await note("/chat/completions", chat('{"model":"m","messages":[]}'));
    await note("/files/1", { method: "GET" });
    await note("/chat/completions", chat("{oops"));
    await note("/files", { headers: { authorization: "Bearer wrong" } });
    await note("/%2e%2e%2fx", { method: "GET" });
    await note(`/${"x".repeat(9000)}`, { method: "GET" });
    for (const upstream of stage.upstreams) upstream.setReply(fail(500));
    await note("/files", { method: "GET" });
    await note("/metrics", { method: "GET", headers: { origin } });
    expect(seen).toEqual([200, 400, 404, 400, 403, 400, 414, 502, 200].map((status) => [status, "*"]));
  });

  it("names the origins that the operator has named, and no others", async () => {
    await using named = await setStage({ config: { cors: { origins: [origin] } } });
    const ask = async (from: string) =>
      (await named.call("/files", { method: "GET", headers: { origin: from } })).headers;
    expect(await ask(origin)).toMatchObject({ "access-control-allow-origin": origin, vary: "origin" });
    expect((await ask("https://evil.example"))["access-control-allow-origin"]).toBeUndefined();
  });
});
