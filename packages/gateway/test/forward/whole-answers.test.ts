import {
  answer,
  createFakeUpstream,
  cut,
  fail,
  page,
  raw,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import { describe, expect, it } from "vitest";
import { openGateway } from "../ask-gateway.ts";
import { forward, question, readChat } from "./forward-stage.ts";

const whole = { ...question, stream: false };
const completion = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "fake-model-2",
  choices: [{ index: 0, message: { role: "assistant", content: "Hi there" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
};
const toPage = (value: unknown, status = 200): Reply =>
  page("application/json", JSON.stringify(value), status);

describe("an answer in one piece", () => {
  it("passes byte for byte", async () => {
    const text = JSON.stringify(completion, null, 3);
    await using upstream = await createFakeUpstream({ reply: page("application/json; charset=utf-8", text) });
    await using under = openGateway([upstream]);
    const got = await forward(under.gateway, { body: whole });
    expect(got.body.toString()).toBe(text);
    expect(got.headers).toMatchObject({ "content-type": "application/json; charset=utf-8" });
    expect(got.result).toMatchObject({
      model: "fake-model-2",
      finishReason: "stop",
      text: "Hi there",
      usage: { promptTokens: 3, completionTokens: 2 },
    });
    expect(upstream.calls[0]?.bodyText).toBe(JSON.stringify(whole));
  });

  const broken: readonly (readonly [string, Reply])[] = [
    [
      "cut",
      {
        framing: "length",
        steps: [raw('{"choices":[{"message":{"content":"Hi'), cut(), raw("xxxxxxxxxxxxx")],
      },
    ],
    [
      "cut, without a length",
      { framing: "eof", keepAlive: false, steps: [raw('{"choices":[{"message":{"content":"Hi')] },
    ],
    ["an error inside of a 200", toPage({ error: { message: "no" } })],
    ["a page", page("text/html", "<html></html>")],
    ["empty", page("application/json", "")],
    ["503", fail(503)],
  ];
  it.each(broken)("fails over when it is %s", async (_, reply) => {
    await using bad = await createFakeUpstream({ reply });
    await using good = await createFakeUpstream({ reply: toPage(completion) });
    await using under = openGateway([bad, good]);
    const got = await forward(under.gateway, { body: whole });
    expect(JSON.parse(got.body.toString())).toEqual(completion);
    expect(got.result.attempts).toHaveLength(2);
  });

  it("is put together where an upstream streams all the same", async () => {
    await using upstream = await createFakeUpstream({ reply: answer(["Hi", " there"]) });
    await using under = openGateway([upstream]);
    const got = await forward(under.gateway, { body: whole });
    expect(JSON.parse(got.body.toString())).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: "Hi there" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 11, completion_tokens: 7 },
    });
    expect(got.headers["content-type"]).toBe("application/json");
  });

  it("is asked for as a stream where an upstream gives nothing else, from then on", async () => {
    await using upstream = await createFakeUpstream({ reply: answer(["Hi", " there"]) });
    upstream.enqueue(
      fail(400, {
        error: { message: "This model only support stream mode, please enable the stream parameter" },
      }),
    );
    await using under = openGateway([upstream]);
    for (let round = 0; round < 2; round++) {
      const got = await forward(under.gateway, { body: whole });
      expect(JSON.parse(got.body.toString())).toMatchObject({
        choices: [{ message: { content: "Hi there" } }],
      });
    }
    expect(upstream.calls.map(({ body }) => (body as { stream: boolean }).stream)).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("becomes a stream for a caller who asked for one", async () => {
    await using upstream = await createFakeUpstream({ reply: toPage(completion) });
    await using under = openGateway([upstream]);
    const got = await forward(under.gateway);
    expect(readChat(got.body)).toMatchObject({ text: "Hi there", isDone: true, finish: "stop" });
    expect(got.headers["content-type"]).toContain("text/event-stream");
  });
});

describe("another call", () => {
  it("goes to its path with its method, and comes back as bytes", async () => {
    const sound = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    await using upstream = await createFakeUpstream({
      reply: { headers: { "content-type": "audio/mpeg" }, steps: [raw(sound)] },
    });
    await using under = openGateway([upstream]);
    const got = await forward(under.gateway, {
      path: "/audio/speech?x=1",
      body: { model: "tts", input: "a" },
    });
    expect(got.body.equals(sound)).toBe(true);
    expect(got.headers["content-type"]).toBe("audio/mpeg");
    expect(upstream.calls[0]).toMatchObject({ method: "POST", path: "/v1/audio/speech?x=1" });
  });

  it("is cut, not ended, when it breaks off after bytes have gone out", async () => {
    await using upstream = await createFakeUpstream({
      reply: { headers: { "content-type": "audio/mpeg" }, steps: [raw("abc"), cut()] },
    });
    await using under = openGateway([upstream]);
    const got = await forward(under.gateway, { path: "/audio/speech", body: { model: "tts" } });
    expect(got.end).toBe("cut");
    expect(got.result.error?.code).toBe("answer_truncated");
  });

  it("sends the caller's content type and accept, its own key, and nothing else of the caller's", async () => {
    await using upstream = await createFakeUpstream({ reply: toPage({ data: [] }) });
    await using under = openGateway([upstream]);
    await forward(under.gateway, {
      path: "/embeddings",
      headers: { authorization: "Bearer sk-caller", cookie: "a=b", accept: "application/json", "x-own": "1" },
      body: { model: "e", input: "x" },
    });
    const { headers } = upstream.calls[0] ?? {};
    expect(headers).toMatchObject({
      authorization: "Bearer sk-test-0123456789abcdef",
      accept: "application/json",
      "content-type": "application/json",
    });
    expect(Object.keys(headers ?? {})).not.toContain("cookie");
    expect(Object.keys(headers ?? {})).not.toContain("x-own");
  });
});

it("a 404 is handed back, whatever its body says, and nobody else is asked", async () => {
  await using upstream = await createFakeUpstream({ reply: page("text/plain", "404 page not found", 404) });
  await using second = await createFakeUpstream();
  await using under = openGateway([upstream, second]);
  const got = await forward(under.gateway, { path: "/audio/speech", body: { model: "tts" } });
  expect(got.status).toBe(404);
  expect(got.body.toString()).toContain("404 page not found");
  expect(second.calls).toHaveLength(0);
});
