import { operator } from "@llm-backend/server";
import {
  answer,
  answerAsAsked,
  cut,
  fail,
  role,
  say,
  usageOfFake,
  type ReplyChoice,
} from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { engineWords, readRecords, setVoiceStage, type VoiceStage } from "./voice-stage.ts";

let shared: VoiceStage;
let seen = 0;
beforeAll(async () => {
  shared = await setVoiceStage();
});
afterAll(() => shared[Symbol.asyncDispose]());
beforeEach(() => {
  seen = shared.upstream.calls.length;
});

/** The one stage of most tests, with what it is to answer. */
function useStage(reply: ReplyChoice = answer(["Hello", " world"])) {
  shared.upstream.setReply(reply);
  return {
    ...shared,
    calls: () => shared.upstream.calls.slice(seen),
    asked: () => shared.asked().slice(seen),
  };
}

const paths = ["/chat/completions", "/v1/chat/completions"] as const;
const streams = ["/chat/completions", "/rag/chat/completions", "/v1/rag/chat/completions"] as const;

describe("a question of an engine", () => {
  it.each(paths)("is answered as a stream on %s, one id through it, [DONE] at its end", async (path) => {
    const stage = useStage();
    const heard = await stage.ask(path, engineWords);
    expect(heard.status).toBe(200);
    expect(heard.text).toBe("Hello world");
    expect(heard.finishReasons).toEqual(["stop"]);
    expect(heard.dones).toBe(1);
    expect(heard.body.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(new Set(heard.chunks.map(({ id }) => id)).size).toBe(1);
    for (const chunk of heard.chunks) {
      expect(chunk).toMatchObject({ object: "chat.completion.chunk", model: "fake-model" });
      expect(chunk).toHaveProperty("created");
    }
  });

  it.each([false, undefined])("is answered in one piece where stream is %s", async (stream) => {
    const stage = useStage(answerAsAsked("Hello world"));
    const heard = await stage.ask("/chat/completions", { ...engineWords, stream });
    expect(heard.json).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: "Hello world" }, finish_reason: "stop" }],
    });
  });

  it.each(paths)(
    "reaches the provider with every field of OpenAI's and none of the engine's (%s)",
    async (path) => {
      const stage = useStage();
      const fields = {
        temperature: 0.3,
        max_tokens: 77,
        top_p: 0.9,
        seed: 5,
        stop: ["x"],
        metadata: { kept: "yes" },
        tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
        tool_choice: "auto",
        parallel_tool_calls: false,
        response_format: { type: "text" },
        modalities: ["text"],
        audio: { voice: "alloy", format: "pcm16" },
        an_unknown_one: { of: [1, 2.5, "ü"] },
        stream_options: { include_usage: true },
      };
      const parts = [
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
        { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
      ];
      await stage.ask(path, {
        ...fields,
        ...engineWords,
        context: { ...engineWords.context, channel: path },
        messages: [
          { role: "system", content: "Be brief." },
          { role: "assistant", content: "Hello!", turn_id: 6, timestamp: 1, metadata: { interrupted: true } },
          {
            role: "user",
            name: "ann",
            content: parts,
            turn_id: 7,
            timestamp: 2,
            metadata: { source: "asr" },
          },
        ],
      });
      expect(stage.asked()).toEqual([
        {
          model: "fake-model",
          stream: true,
          ...fields,
          messages: [
            { role: "system", content: "Be brief." },
            { role: "assistant", content: "Hello!" },
            { role: "user", name: "ann", content: parts },
          ],
        },
      ]);
    },
  );

  it("keeps the bytes of everything that is not the engine's", async () => {
    const stage = useStage();
    const text = '{"seed":12345678901234567890,"model":"fake-model", "stream":true,"context":{"appId":"a"},';
    await fetch(`${stage.backend.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer token-of-the-caller-4b1d7e" },
      body: `${text}"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"\\u00fc 1.0"}]}`,
    }).then((response) => response.text());
    expect(stage.calls()[0]?.bodyText).toBe(
      '{"seed":12345678901234567890,"model":"fake-model", "stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"\\u00fc 1.0"}]}',
    );
  });

  it("is passed on as it is under /v1 where nothing of an engine stands in it", async () => {
    const stage = useStage();
    const body =
      '{ "model":"fake-model","stream":false, "timestamp":5,"context":"a word","messages":[{"role":"assistant","content":"Hi"}] }';
    await stage.call("/chat/completions", { body, headers: { "content-type": "application/json" } });
    expect(stage.calls()[0]?.bodyText).toBe(body);
  });

  it("is recorded with all that the engine sent, as one call", async () => {
    const stage = useStage();
    const before = new Set((await readRecords(shared)).map(({ recordId }) => recordId));
    const message = { role: "user", content: "Hi", turn_id: 7, metadata: { source: "asr" } };
    await stage.ask("/chat/completions", { ...engineWords, messages: [message] });
    const records = await readRecords(shared);
    expect(records.filter(({ recordId }) => !before.has(recordId))).toHaveLength(1);
    expect(records[0]).toMatchObject({
      path: "/chat/completions",
      kind: "chat",
      status: 200,
      voice: {
        face: "chat",
        ...engineWords,
        messages: [{ index: 0, turn_id: 7, metadata: { source: "asr" } }],
      },
      usage: { promptTokens: 11, completionTokens: 7 },
    });
  });

  it("says how many tokens it took, where it was asked to, and only there", async () => {
    const stage = useStage();
    const asked = await stage.ask("/chat/completions", { stream_options: { include_usage: true } });
    expect(asked.chunks.at(-1)?.usage).toEqual(usageOfFake);
    const silent = await stage.ask("/chat/completions");
    expect(silent.body).not.toContain("usage");
  });

  it.each(["", "/v1", "/rag", "/v1/rag"])("is answered to the official client under %s", async (prefix) => {
    const stage = useStage();
    const stream = await stage.openai(prefix).chat.completions.create({
      model: "fake-model",
      stream: true,
      messages: [{ role: "user", content: "Hi" }],
    });
    let text = "";
    for await (const chunk of stream)
      if (chunk.id !== "waiting_msg") text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello world");
  });

  it("is asked of the configured model where it names none", async () => {
    await using stage = await setVoiceStage({ config: { voice: { model: "fake-model" } } });
    await stage.ask("/chat/completions", { model: undefined });
    expect(stage.asked()[0]?.["model"]).toBe("fake-model");
  });

  it("brings the engine's own kind of chunk first, where the configuration says so", async () => {
    const metadata = { interruptable: false, tts: { speed: 1 } };
    await using stage = await setVoiceStage({ config: { voice: { metadata } } });
    const heard = await stage.ask("/chat/completions");
    expect(heard.chunks[0]).toEqual({
      id: heard.chunks[1]?.id,
      object: "chat.completion.custom_metadata",
      choices: [],
      metadata,
    });
    expect(new Set(heard.chunks.map(({ id }) => id)).size).toBe(1);
    expect(heard.text).toBe("Hello world");
  });
});

describe("what goes wrong", () => {
  const refusals: readonly [string, object][] = [
    ["no messages", { messages: undefined }],
    ["an empty list", { messages: [] }],
    ["no list", { messages: "Hi" }],
    ["a message that is none", { messages: ["Hi"] }],
  ];
  it.each(streams.flatMap((path) => refusals.map(([name, fields]) => [path, name, fields] as const)))(
    "%s refuses %s with 400 in OpenAI's form",
    async (path, _name, fields) => {
      const stage = useStage();
      const heard = await stage.ask(path, fields);
      expect(heard.status).toBe(400);
      expect(heard.json).toEqual({
        error: {
          message: expect.any(String),
          type: "invalid_request_error",
          param: null,
          code: "invalid_input",
        },
      });
      expect(stage.calls()).toHaveLength(0);
    },
  );

  it.each(["{", "", "[]", '{"messages":[{"role":user}]}', "null"])("refuses the body %j", async (body) => {
    const stage = useStage();
    const response = await fetch(`${stage.backend.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer token-of-the-caller-4b1d7e", "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error" } });
    const [record] = await readRecords(shared);
    expect(record).toMatchObject({ status: 400, errorCode: "invalid_input" });
  });

  it.each(["/rag/chat/completions", "/v1/rag/chat/completions"])("%s refuses stream: false", async (path) => {
    const stage = useStage();
    expect((await stage.ask(path, { stream: false })).status).toBe(400);
    expect((await stage.ask(path, { stream: undefined })).text).toBe("Hello world");
  });

  it("answers a failing upstream with a status and an error body", async () => {
    const stage = useStage(fail(500));
    const heard = await stage.ask("/chat/completions", engineWords);
    expect(heard.status).toBe(502);
    expect(heard.json).toMatchObject({ error: { code: "upstream_unavailable" } });
  });

  it("passes a refusal on in the upstream's words", async () => {
    const said = {
      error: { message: "no such voice", type: "invalid_request_error", param: "audio", code: "x" },
    };
    const stage = useStage(fail(400, said));
    const heard = await stage.ask("/chat/completions", engineWords);
    expect([heard.status, heard.json]).toEqual([400, said]);
  });

  it("ends a stream that broke off with an error, and without [DONE]", async () => {
    const stage = useStage({ steps: [role(), say("Hel"), cut()] });
    const heard = await stage.ask("/chat/completions", engineWords);
    expect(heard.status).toBe(200);
    expect(heard.text).toBe("Hel");
    expect(heard.chunks.at(-1)?.error).toMatchObject({ code: "answer_truncated" });
    expect(heard.dones).toBe(0);
  });

  it("keeps strangers out, and says nothing of paths", async () => {
    const stage = useStage();
    for (const path of streams) {
      const heard = await stage.ask(path, {}, { token: "nobody" });
      expect([heard.status, heard.json]).toEqual([
        403,
        {
          error: {
            message: expect.any(String),
            type: "invalid_request_error",
            param: null,
            code: "invalid_api_key",
          },
        },
      ]);
    }
  });

  it("takes POST alone", async () => {
    const stage = useStage();
    const heard = await stage.ask("/chat/completions", {}, { method: "GET" });
    expect([heard.status, heard.json]).toMatchObject([405, { error: { code: "method_not_allowed" } }]);
  });

  it.each(["/nowhere", "/rag/nowhere", "/chat/nowhere", "/audio"])(
    "answers %s with 404 in OpenAI's form",
    async (path) => {
      const stage = useStage();
      const heard = await stage.ask(path);
      expect([heard.status, heard.json]).toEqual([
        404,
        {
          error: {
            message: expect.any(String),
            type: "invalid_request_error",
            param: null,
            code: "not_found",
          },
        },
      ]);
    },
  );
});

describe("words that are to be spoken as they are", () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "assistant", content: "Guten Tag, 你好!", turn_id: 0 },
  ];
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

  it.each(["/chat/completions", "/rag/chat/completions"])(
    "come back as a stream, and nobody is asked (%s)",
    async (path) => {
      const stage = useStage();
      const heard = await stage.ask(path, { messages, stream_options: { include_usage: true } });
      expect(heard.chunks.map(({ choices }) => choices?.[0]?.delta)).toEqual([
        { role: "assistant", content: "" },
        { content: "Guten Tag, 你好!" },
        {},
        undefined,
      ]);
      expect(heard.finishReasons).toEqual(["stop"]);
      expect(heard.chunks.at(-1)).toMatchObject({ choices: [], usage });
      expect(heard.dones).toBe(1);
      expect(new Set(heard.chunks.map(({ id }) => id)).size).toBe(1);
      expect(stage.calls()).toHaveLength(0);
    },
  );

  it("come back in one piece where no stream is asked for", async () => {
    const stage = useStage();
    const whole = await stage.openai("").chat.completions.create({
      model: "fake-model",
      messages: [{ role: "assistant", content: "Hello!" }],
    });
    expect(whole).toMatchObject({
      object: "chat.completion",
      model: "fake-model",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello!" }, finish_reason: "stop" }],
      usage,
    });
  });

  it("come back under /v1 where the engine's words stand in the body; a prefill is asked", async () => {
    const stage = useStage();
    expect((await stage.ask("/v1/chat/completions", { ...engineWords, messages })).text).toBe(
      "Guten Tag, 你好!",
    );
    expect(stage.calls()).toHaveLength(0);
    expect(
      (await stage.ask("/v1/chat/completions", { messages: [{ role: "assistant", content: "Hm" }] })).text,
    ).toBe("Hello world");
  });

  it("are recorded, count for the key, and cost nothing", async () => {
    await using stage = await setVoiceStage({ config: { prices: { "*": { input: 1000, output: 1000 } } } });
    const { services } = stage.backend.server.backend;
    const { secret } = await services.keys.create(operator, {
      name: "engine",
      requestsPerMinute: 2,
      budget: { nanos: 1, window: "day" },
    });
    const ask = () => stage.ask("/chat/completions", { ...engineWords, messages }, { token: secret });
    expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([200, 200, 429]);
    const [refused, record] = await readRecords(stage);
    expect(refused).toMatchObject({ status: 429, errorCode: "rate_limited" });
    expect(record).toMatchObject({
      status: 200,
      upstream: null,
      costNanos: null,
      answerChars: "Guten Tag, 你好!".length,
      voice: { isVerbatim: true, ...engineWords },
    });
  });
});

it("answers /ping, and lists the endpoints at /", async () => {
  const stage = useStage();
  const get = async (path: string) => (await fetch(`${stage.backend.url}${path}`)).json();
  expect(await get("/ping")).toEqual({ message: "pong" });
  expect(JSON.stringify(await get("/"))).toMatch(
    /\/chat\/completions.*\/rag\/chat\/completions.*\/audio\/chat/,
  );
});

it("answers what a browser asks before it calls", async () => {
  const stage = useStage();
  const response = await fetch(`${stage.backend.url}/rag/chat/completions`, {
    method: "OPTIONS",
    headers: { origin: "https://app.example", "access-control-request-method": "POST" },
  });
  expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
});

it("passes a provider's key on where the operator allows that", async () => {
  await using stage = await setVoiceStage({ entries: [{ sk: "asis", noauth: true }] });
  expect((await stage.ask("/chat/completions", engineWords, { token: "sk-of-a-provider" })).text).toBe(
    "Hello world",
  );
  expect(stage.upstream.calls[0]?.headers).toMatchObject({ authorization: "Bearer sk-of-a-provider" });
});

it.each([
  { messages: [{ role: "user", content: null }] },
  { messages: [{ role: "user", content: [null, 1, { text: 5 }] }], context: { __proto__: null, userId: {} } },
  {
    messages: [{ role: "user", content: "Hi" }],
    context: null,
    turn_id: null,
    tools: "x",
    tool_choice: 5,
    n: "2",
  },
  { messages: [{ role: "user", content: "\ud800" }], context: { userId: "\u0000", channel: "'\";--" } },
  { messages: [{ role: "assistant", content: [] }], context: { userId: "a" } },
  { messages: [{ role: "tool", content: "x", tool_call_id: "y", turn_id: [] }], stream_options: [] },
])("does not stumble over %j", async (fields) => {
  const stage = useStage();
  const heard = await stage.ask("/rag/chat/completions", fields);
  expect([heard.status, heard.dones]).toEqual([200, 1]);
  await stage.ask("/chat/completions", { ...fields, context: { channel: "x".repeat(100_000) } });
  expect((await stage.ask("/chat/completions")).text).toBe("Hello world");
});
