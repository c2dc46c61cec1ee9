import {
  answer,
  createFakeUpstream,
  cut,
  fail,
  finish,
  raw,
  reset,
  role,
  say,
  stall,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import { describe, expect, it } from "vitest";
import { openGateway, toUpstream } from "../ask-gateway.ts";
import { forward, question, readChat } from "./forward-stage.ts";

describe("a stream", () => {
  it("passes byte for byte, with the usage that was asked for", async () => {
    const frames =
      'data: {"id":"x","choices":[{"index":0,"delta":{"content":"Hi \\u00e9 ✓"}}],"extra":{"a":1}}\n\n';
    const tail =
      'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n';
    await using upstream = await createFakeUpstream({ reply: { steps: [raw(frames), raw(tail)] } });
    await using under = openGateway([upstream]);
    const body = { ...question, stream_options: { include_usage: true } };
    const got = await forward(under.gateway, { body });
    expect(got.body.toString()).toBe(frames + tail);
    expect(got.status).toBe(200);
    expect(got.end).toBe("end");
    expect(got.result).toMatchObject({
      finishReason: "stop",
      usage: { promptTokens: 3, completionTokens: 2 },
      text: "Hi é ✓",
    });
    expect(upstream.calls[0]?.bodyText).toBe(JSON.stringify(body));
  });

  it("asks for usage in any case, and takes it out again", async () => {
    await using upstream = await createFakeUpstream({ reply: answer(["a", "b"]) });
    await using under = openGateway([upstream]);
    const got = await forward(under.gateway);
    expect(upstream.calls[0]?.body).toEqual({ ...question, stream_options: { include_usage: true } });
    expect(got.body.toString()).not.toContain("prompt_tokens");
    expect(readChat(got.body)).toEqual({ text: "ab", isDone: true, error: undefined, finish: "stop" });
    expect(got.result.usage).toMatchObject({ promptTokens: 11, completionTokens: 7 });
  });

  it("ends with [DONE] where the upstream leaves it out", async () => {
    await using upstream = await createFakeUpstream({
      reply: { steps: [say("a"), finish({ done: false })] },
    });
    await using under = openGateway([upstream]);
    expect(readChat((await forward(under.gateway)).body)).toMatchObject({ text: "a", isDone: true });
  });

  it.each(["data: [DONE]\n\n", "data:[DONE]\n\n", "data: [DONE]\r\n\r\n", ": bye\ndata: [DONE]\n\n"])(
    "gives a reason for its end where the upstream gave none before %j",
    async (end) => {
      await using upstream = await createFakeUpstream({ reply: { steps: [say("a"), raw(end)] } });
      await using under = openGateway([upstream]);
      const { body } = await forward(under.gateway);
      expect(body.toString().endsWith(`"finish_reason":"stop"}]}\n\n${end}`)).toBe(true);
    },
  );

  const silent: readonly (readonly [string, Reply])[] = [
    ["a role and then nothing", { steps: [role(), stall()] }],
    ["a role and a cut", { steps: [role(), cut()] }],
    ["a reset", { steps: [reset()] }],
    ["a 500", fail(500)],
    ["an error inside of a 200", { steps: [role(), raw('data: {"error":{"message":"no"}}\n\n')] }],
    ["a page", { headers: { "content-type": "text/html" }, steps: [raw("<html>busy</html>")] }],
    ["nothing at all", { steps: [] }],
    ["an end without content", { steps: [raw("data: [DONE]\n\n")] }],
  ];
  it.each(silent)("fails over before content: %s", async (_, reply) => {
    await using bad = await createFakeUpstream({ reply });
    await using good = await createFakeUpstream({ reply: answer(["fi", "ne"]) });
    const clocks = { firstTokenMs: 80, firstByteMs: 80 };
    await using under = openGateway([toUpstream(bad, { clocks }), good]);
    const got = await forward(under.gateway);
    expect(readChat(got.body)).toEqual({ text: "fine", isDone: true, error: undefined, finish: "stop" });
    expect(got.result.attempts).toHaveLength(2);
    expect(bad.calls).toHaveLength(1);
  });

  it("tells nothing to the sink when nobody can answer", async () => {
    await using bad = await createFakeUpstream({ reply: fail(500) });
    await using under = openGateway([bad]);
    const got = await forward(under.gateway);
    expect(got.status).toBeUndefined();
    expect(got.result).toMatchObject({ isAnswered: false, error: { code: "upstream_unavailable" } });
  });

  it("hands a refusal back in the upstream's own words, without asking others", async () => {
    const body = {
      error: {
        message: "max_tokens is too large",
        type: "invalid_request_error",
        param: "max_tokens",
        code: null,
      },
    };
    await using bad = await createFakeUpstream({ reply: fail(400, body) });
    await using good = await createFakeUpstream();
    await using under = openGateway([bad, good]);
    const got = await forward(under.gateway);
    expect(got.status).toBe(400);
    expect(JSON.parse(got.body.toString())).toEqual(body);
    expect(good.calls).toHaveLength(0);
  });
});
