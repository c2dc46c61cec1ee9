import {
  answer,
  answerAsAsked,
  completion,
  createFakeUpstream,
  cut,
  fail,
  finish,
  head,
  page,
  raw,
  renderBody,
  role,
  say,
  wire,
  type Reply,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage } from "./fault-stage.ts";
import { faces, goodText, judgeAlone, judgeFace, judgePast, v1Faces } from "./judge-fault.ts";

const unavailable = { status: 502, code: "upstream_unavailable" };

const nonsense: readonly (readonly [string, Reply])[] = [
  ["an HTML page", page("text/html", "<!doctype html><title>Welcome to nginx!</title>")],
  ["an HTML page that calls itself a stream", page("text/event-stream", "\n<html>")],
  ["plain text", page("text/plain", "ok")],
  ["JSON that is no answer", page("application/json", '{"status":"ok"}')],
  ["JSON that ends too early", page("application/json", '{"choices":[{"message":{"content":"x"')],
  ["an empty body", page("application/json", "")],
  ["an empty stream", { steps: [] }],
  ["204 and nothing", { status: 204, framing: "eof", steps: [head()] }],
  ["a stream of nothing but [DONE]", { steps: [finish({ reason: null, usage: null })] }],
  ["bytes that are no HTTP", { steps: [wire("nonsense\r\n\r\n"), cut()] }],
];

describe.each(nonsense)("U29: the upstream answers 200 with %s", (_what, upstream) => {
  it("U29: that is no answer: another one is asked", async () => {
    for (const face of faces) await judgePast({ upstream, outcome: ["protocol_error", "reset"] }, face);
  });

  it("U29: all do: nothing of it passes for an answer", async () => {
    for (const face of v1Faces) await judgeAlone({ upstream }, face, unavailable);
  });
});

describe("U29: the upstream answers in the other form", () => {
  it("U29: in one piece: who asked for a stream gets a stream", async () => {
    await using stage = await setFaultStage({ upstreams: [completion(goodText)] });
    const { verdict, heard } = await judgeFace(stage, "stream", goodText);
    expect([verdict, heard?.isStream, heard?.usage]).toMatchObject(["whole", true, undefined]);
    expect((await judgeFace(stage, "chat", goodText)).verdict).toBe("whole");
  });

  it("U29: as a stream: who asked for one piece gets one piece", async () => {
    await using stage = await setFaultStage({ upstreams: [answer(Array.from(goodText))] });
    const { verdict, heard } = await judgeFace(stage, "whole", goodText);
    expect([verdict, heard?.isStream]).toEqual(["whole", false]);
    expect(heard?.json).toMatchObject({ object: "chat.completion", usage: { total_tokens: 18 } });
  });

  it("U29: as a stream that breaks off: who asked for one piece gets another one's, or none", async () => {
    const broken: Reply = { steps: [role(), say("begun")] };
    await judgePast({ upstream: broken, outcome: ["truncated", "protocol_error"] }, "whole");
    const refusal = { status: 502, code: ["upstream_unavailable", "answer_truncated"] };
    await judgeAlone({ upstream: broken }, "whole", refusal);
  });
});

describe.each([301, 302, 303, 307, 308])("U30: the upstream redirects to somewhere else (%i)", (status) => {
  it("U30: nobody goes there, with or without a key, and another one answers", async () => {
    await using canary = await createFakeUpstream({ reply: answer("from the canary") });
    const upstream = fail(status, {}, { location: `${canary.url}/chat/completions` });
    for (const face of faces) await judgePast({ upstream }, face);
    for (const face of v1Faces) await judgeAlone({ upstream }, face, unavailable);
    expect([canary.calls.length, canary.connectionsAccepted]).toEqual([0, 0]);
  });
});

/** What an answer of ours may have in its head. */
const allowed =
  /^(content-type|content-length|transfer-encoding|connection|keep-alive|date|vary|cache-control|retry-after|x-request-id|request-id|openai-[a-z-]+|x-ratelimit-[a-z-]+|x-should-retry|access-control-[a-z-]+|x-accel-buffering|x-content-type-options|x-llm[a-z-]*)$/;

describe("U31: the upstream's head is hostile", () => {
  const hostile = {
    "set-cookie": ["session=1", "other=2"],
    "x-accel-redirect": "/etc/passwd",
    "x-sendfile": "/etc/passwd",
    location: "http://evil.invalid/",
    "access-control-allow-origin": "http://evil.invalid",
    "access-control-allow-credentials": "true",
    "clear-site-data": '"*"',
    "strict-transport-security": "max-age=1",
    "content-security-policy": "default-src evil.invalid",
    "www-authenticate": "Basic",
    "proxy-connection": "close",
    server: "secret/1.0",
    "x-powered-by": "secret",
    "x-internal-host": "10.0.0.1",
  };

  it.each(v1Faces)("U31: only what an answer needs is passed on (%s)", async (face) => {
    const good = answerAsAsked(goodText);
    await using stage = await setFaultStage({
      upstreams: [(call) => ({ ...good(call), headers: { ...good(call).headers, ...hostile } })],
    });
    const { verdict, heard } = await judgeFace(stage, face, goodText);
    expect(verdict).toBe("whole");
    const names = Object.keys(heard?.headers ?? {});
    expect(names.filter((name) => !allowed.test(name))).toEqual([]);
    expect(JSON.stringify(heard?.headers)).not.toMatch(/evil|secret|passwd|session|10\.0\.0\.1/);
  });

  it("U31: nor in a refusal that is passed on", async () => {
    await using stage = await setFaultStage({
      upstreams: [fail(400, { error: { message: "no" } }, hostile)],
    });
    const { verdict, heard } = await judgeFace(stage, "stream", "");
    expect([verdict, heard?.status]).toEqual(["refused", 400]);
    expect(Object.keys(heard?.headers ?? {}).filter((name) => !allowed.test(name))).toEqual([]);
  });

  const body = renderBody([role(), say("x"), finish()]);
  const heads: readonly (readonly [string, Reply])[] = [
    [
      "10,000 headers",
      { headers: { "x-many": Array.from({ length: 10_000 }, () => "1") }, steps: [raw(body)] },
    ],
    [
      "10,000 different headers",
      {
        headers: Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`x-${at}`, "1"])),
        steps: [raw(body)],
      },
    ],
    ["a header of a megabyte", { headers: { "x-big": "x".repeat(1_000_000) }, steps: [raw(body)] }],
    ["a header with a bare CR", { steps: [wire("HTTP/1.1 200 OK\r\nx-a: b\rset-cookie: c\r\n\r\n"), cut()] }],
    ["a NUL in a header", { steps: [wire("HTTP/1.1 200 OK\r\nx-a: b\0\r\n\r\n"), cut()] }],
    ["two lengths", { headers: { "content-length": ["5", "6"] }, steps: [raw(body)] }],
  ];
  it.each(heads)("U31: %s: another one answers", async (_what, upstream) => {
    for (const face of faces) await judgePast({ upstream, outcome: ["protocol_error", "reset"] }, face);
  });
});
