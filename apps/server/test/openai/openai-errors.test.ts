import { answer, cut, fail, page, reset, role, say, stall, wait } from "@llm-backend/testing";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { setStage, type OpenAiStage } from "./openai-stage.ts";
import { soonest } from "./soonest.ts";

let alone: OpenAiStage;
let pair: OpenAiStage;

beforeAll(async () => {
  alone = await setStage();
  pair = await setStage({ replies: [undefined, undefined], config: { gateway: {} } });
});
afterAll(async () => {
  await alone[Symbol.asyncDispose]();
  await pair[Symbol.asyncDispose]();
});
beforeEach(() => {
  for (const upstream of [alone.upstream, ...pair.upstreams]) upstream.setReply(answer(["Hello", " world"]));
});

const asked = { model: "fake-model", messages: [{ role: "user" as const, content: "Hi" }] };
const ask = (stage: OpenAiStage, options?: ConstructorParameters<typeof OpenAI>[0]) =>
  stage.client(options).chat.completions.create(asked);

/** What a call is rejected with. */
async function caught(call: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  return call.then(
    () => {
      throw new Error("It was answered");
    },
    (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
  );
}

describe("errors of the official client", () => {
  it("PermissionDenied: a token that is none", async () => {
    const error = await caught(ask(alone, { apiKey: "wrong" }));
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: "invalid_api_key", type: "invalid_request_error" });
    expect(error.requestID).toMatch(/^req_/);
    expect(error.headers?.get("content-type")).toBe("application/json");
  });

  it("PermissionDenied, also for an upload that is too long to be read", async () => {
    const file = new File([Buffer.alloc(24_000_000)], "a.bin");
    const client = alone.client({ apiKey: "wrong" });
    const error = await caught(client.files.create({ file, purpose: "batch" }));
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
  });

  it("never Authentication: what is wrong with the upstream's key is no fault of the caller's", async () => {
    const said = { error: { message: "Incorrect API key provided: sk-x", code: "invalid_api_key" } };
    for (const status of [401, 403]) {
      alone.upstream.setReply(fail(status, said));
      const error = await caught(ask(alone));
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect([error.status, error.code]).toEqual([502, "upstream_auth"]);
    }
  });

  it.each([
    [400, OpenAI.BadRequestError],
    [404, OpenAI.NotFoundError],
    [409, OpenAI.ConflictError],
    [413, OpenAI.APIError],
    [422, OpenAI.UnprocessableEntityError],
  ])("the upstream's own words, param and code: %d", async (status, kind) => {
    const said = {
      message: "No such thing",
      type: "invalid_request_error",
      param: "tools[0]",
      code: "odd_one",
    };
    pair.upstream.setReply(fail(status, { error: said }));
    const callsBefore = pair.upstreams[1]?.calls.length;
    const error = await caught(ask(pair));
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({
      status,
      param: "tools[0]",
      code: "odd_one",
      type: "invalid_request_error",
    });
    expect(error.error).toEqual(said);
    expect(pair.upstreams[1]?.calls.length).toBe(callsBefore);
  });

  it("NotFound: a model that nobody serves", async () => {
    await using named = await setStage({ entries: [{ models: ["a"] }] });
    const error = await caught(named.client().chat.completions.create({ ...asked, model: "b" }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ code: "model_not_found" });
    expect(error.message).toContain("b");
    expect(named.upstream.calls).toEqual([]);
  });

  it("RateLimit, which the client waits out as long as it is told to", async () => {
    alone.upstream.enqueue(fail(429, { error: { message: "slow down" } }, { "retry-after": "1" }));
    alone.upstream.setReply(page("application/json", JSON.stringify(whole)));
    const error = await caught(ask(alone));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error.headers?.get("retry-after")).toBe("1");

    alone.upstream.enqueue(fail(429, { error: { message: "slow down" } }, { "retry-after": "1" }));
    const startedAt = performance.now();
    const { choices } = await ask(alone, { maxRetries: 1 });
    expect(choices[0]?.message.content).toBe("Hello");
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
  });

  it("InternalServer, once nobody could answer, and the client does not multiply that", async () => {
    for (const upstream of pair.upstreams) upstream.setReply(fail(500));
    const before = pair.upstreams.map(({ calls }) => calls.length);
    const error = await caught(ask(pair, { maxRetries: 3 }));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error.status).toBe(502);
    expect(error.headers?.get("x-should-retry")).toBe("false");
    expect(pair.upstreams.map(({ calls }, index) => calls.length - (before[index] ?? 0))).toSatisfy(
      // One of them may be asked once more; the client's own tries would be four times as many.
      (counts: number[]) => counts.every((count) => count > 0) && counts.reduce((a, b) => a + b) <= 3,
    );
  });

  it("none at all, where another upstream answers", async () => {
    pair.upstream.setReply(fail(500));
    pair.upstreams[1]?.setReply(page("application/json", JSON.stringify(whole)));
    expect((await ask(pair)).choices[0]?.message.content).toBe("Hello");
  });

  it("Connection: nobody is there", async () => {
    const error = await caught(ask(alone, { baseURL: "http://127.0.0.1:9/v1" }));
    expect(error).toBeInstanceOf(OpenAI.APIConnectionError);
  });

  it.each([
    ["FIN", cut()],
    ["RST", reset()],
  ])("a stream that breaks off is an error, and never a short answer: %s", async (_name, end) => {
    alone.upstream.setReply({ steps: [role(), say(["Hello", " wor"]), wait(5), end] });
    const said: string[] = [];
    const reading = (async () => {
      for await (const { choices } of await alone
        .client()
        .chat.completions.create({ ...asked, stream: true }))
        said.push(choices[0]?.delta.content ?? "");
    })();
    const error = await caught(reading);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error.code).toBe("answer_truncated");
    expect(said.join("")).toBe("Hello wor");
    await expect(alone.client().chat.completions.stream(asked).finalChatCompletion()).rejects.toBeInstanceOf(
      OpenAI.APIError,
    );
  });

  it("a file that breaks off is an error, too", async () => {
    alone.upstream.setReply({
      framing: "length",
      headers: { "content-type": "audio/mpeg", "content-length": "400000" },
      steps: [say([]), { do: "raw", bytes: Buffer.alloc(100_000) }, cut()],
    });
    const answered = await alone.client().files.content("file-1");
    await expect(answered.arrayBuffer()).rejects.toThrow(/terminated/);
  });
});

describe("patience of the official client", () => {
  it("a time-out of its own closes the upstream", async () => {
    alone.upstream.setReply({ steps: [stall()] });
    const before = alone.upstream.calls.length;
    const error = await caught(ask(alone, { timeout: 150 }));
    expect(error).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    expect((await alone.upstream.calls[before]?.closed)?.by).toBe("client");
  });

  it.each([
    ["before anything has come", { steps: [stall()] }, false],
    ["in the middle of a stream", { steps: [role(), say("Hello"), stall()] }, true],
  ])("an abort %s closes the upstream within 100 ms", async (_name, reply, isStreamed) => {
    alone.upstream.setReply(reply);
    expect(await soonest(100, () => measureAbort(isStreamed))).toBeLessThan(100);
  });

  async function measureAbort(isStreamed: boolean): Promise<number> {
    const before = alone.upstream.calls.length;
    const abort = new AbortController();
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const reading = (async () => {
      const stream = await alone
        .client()
        .chat.completions.create({ ...asked, stream: true }, { signal: abort.signal });
      for await (const _ of stream) resolve();
    })();
    reading.catch(() => {});
    if (isStreamed) await heard;
    else await expect.poll(() => alone.upstream.calls.length).toBe(before + 1);
    const abortedAt = performance.now();
    abort.abort();
    const { by, at } = (await alone.upstream.calls[before]?.closed) ?? { by: "", at: Infinity };
    expect(by).toBe("client");
    await reading.catch(() => {});
    return at - abortedAt;
  }

  it("a reader that stops reading a stream closes the upstream", async () => {
    alone.upstream.setReply({ steps: [role(), say("Hello"), stall()] });
    const before = alone.upstream.calls.length;
    for await (const { choices } of await alone.client().chat.completions.create({ ...asked, stream: true }))
      if (choices[0]?.delta.content === "Hello") break;
    expect((await alone.upstream.calls[before]?.closed)?.by).toBe("client");
  });
});

const whole = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "fake-model",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
};
