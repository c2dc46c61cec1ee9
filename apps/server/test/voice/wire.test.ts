import { operator } from "@llm-backend/server";
import { answerAsAsked, cut, fail, role, say, usageOfFake } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { engineWords, readRecords, setVoiceStage } from "./voice-stage.ts";

const paths = ["/chat/completions", "/v1/chat/completions"] as const;
const streams = ["/chat/completions", "/rag/chat/completions", "/v1/rag/chat/completions"] as const;

describe("a question of an engine", () => {
  it.each(paths)("is answered as a stream on %s, one id through it, [DONE] at its end", async (path) => {
    await using stage = await setVoiceStage();
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
    await using stage = await setVoiceStage({ replies: [answerAsAsked("Hello world")] });
    const heard = await stage.ask("/chat/completions", { ...engineWords, stream });
    expect(heard.json).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: "Hello world" }, finish_reason: "stop" }],
    });
  });

  it.each(paths)(
    "reaches the provider with every field of OpenAI's and none of the engine's (%s)",
    async (path) => {
      await using stage = await setVoiceStage();
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
    await using stage = await setVoiceStage();
    const text = '{"seed":12345678901234567890,"model":"fake-model", "stream":true,"context":{"appId":"a"},';
    await fetch(`${stage.backend.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer token-of-the-caller-4b1d7e" },
      body: `${text}"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"\\u00fc 1.0"}]}`,
    }).then((response) => response.text());
    expect(stage.upstream.calls[0]?.bodyText).toBe(
      '{"seed":12345678901234567890,"model":"fake-model", "stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"\\u00fc 1.0"}]}',
    );
  });

  it("is passed on as it is under /v1 where nothing of an engine stands in it", async () => {
    await using stage = await setVoiceStage();
    const body =
      '{ "model":"fake-model","stream":false, "timestamp":5,"context":"a word","messages":[{"role":"assistant","content":"Hi"}] }';
    await stage.call("/chat/completions", { body, headers: { "content-type": "application/json" } });
    expect(stage.upstream.calls[0]?.bodyText).toBe(body);
  });

  it("is recorded with all that the engine sent, as one call", async () => {
    await using stage = await setVoiceStage();
    const message = { role: "user", content: "Hi", turn_id: 7, metadata: { source: "asr" } };
    await stage.ask("/chat/completions", { ...engineWords, messages: [message] });
    const records = await readRecords(stage);
    expect(records).toHaveLength(1);
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
    await using stage = await setVoiceStage();
    const asked = await stage.ask("/chat/completions", { stream_options: { include_usage: true } });
    expect(asked.chunks.at(-1)?.usage).toEqual(usageOfFake);
    const silent = await stage.ask("/chat/completions");
    expect(silent.body).not.toContain("usage");
  });

  it.each(["", "/v1", "/rag", "/v1/rag"])("is answered to the official client under %s", async (prefix) => {
    await using stage = await setVoiceStage();
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
      await using stage = await setVoiceStage();
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
      expect(stage.upstream.calls).toHaveLength(0);
    },
  );

  it.each(["{", "", "[]", '{"messages":[{"role":user}]}', "null"])("refuses the body %j", async (body) => {
    await using stage = await setVoiceStage();
    const response = await fetch(`${stage.backend.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer token-of-the-caller-4b1d7e", "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error" } });
    const [record] = await readRecords(stage);
    expect(record).toMatchObject({ status: 400, errorCode: "invalid_input" });
  });

  it.each(["/rag/chat/completions", "/v1/rag/chat/completions"])("%s refuses stream: false", async (path) => {
    await using stage = await setVoiceStage();
    expect((await stage.ask(path, { stream: false })).status).toBe(400);
    expect((await stage.ask(path, { stream: undefined })).text).toBe("Hello world");
  });

  it("answers a failing upstream with a status and an error body", async () => {
    await using stage = await setVoiceStage({ replies: [fail(500)] });
    const heard = await stage.ask("/chat/completions", engineWords);
    expect(heard.status).toBe(502);
    expect(heard.json).toMatchObject({ error: { code: "upstream_unavailable" } });
  });

  it("passes a refusal on in the upstream's words", async () => {
    const said = {
      error: { message: "no such voice", type: "invalid_request_error", param: "audio", code: "x" },
    };
    await using stage = await setVoiceStage({ replies: [fail(400, said)] });
    const heard = await stage.ask("/chat/completions", engineWords);
    expect([heard.status, heard.json]).toEqual([400, said]);
  });

  it("ends a stream that broke off with an error, and without [DONE]", async () => {
    await using stage = await setVoiceStage({ replies: [{ steps: [role(), say("Hel"), cut()] }] });
    const heard = await stage.ask("/chat/completions", engineWords);
    expect(heard.status).toBe(200);
    expect(heard.text).toBe("Hel");
    expect(heard.chunks.at(-1)?.error).toMatchObject({ code: "answer_truncated" });
    expect(heard.dones).toBe(0);
  });

  it("keeps strangers out, and says nothing of paths", async () => {
    await using stage = await setVoiceStage();
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
    await using stage = await setVoiceStage();
    const heard = await stage.ask("/chat/completions", {}, { method: "GET" });
    expect([heard.status, heard.json]).toMatchObject([405, { error: { code: "method_not_allowed" } }]);
  });

  it.each(["/nowhere", "/rag/nowhere", "/chat/nowhere", "/audio"])(
    "answers %s with 404 in OpenAI's form",
    async (path) => {
      await using stage = await setVoiceStage();
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
      await using stage = await setVoiceStage();
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
      expect(stage.upstream.calls).toHaveLength(0);
    },
  );

  it("come back in one piece where no stream is asked for", async () => {
    await using stage = await setVoiceStage();
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
    await using stage = await setVoiceStage();
    expect((await stage.ask("/v1/chat/completions", { ...engineWords, messages })).text).toBe(
      "Guten Tag, 你好!",
    );
    expect(stage.upstream.calls).toHaveLength(0);
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
  await using stage = await setVoiceStage();
  const get = async (path: string) => (await fetch(`${stage.backend.url}${path}`)).json();
  expect(await get("/ping")).toEqual({ message: "pong" });
  expect(JSON.stringify(await get("/"))).toMatch(
    /\/chat\/completions.*\/rag\/chat\/completions.*\/audio\/chat/,
  );
});

it("answers what a browser asks before it calls", async () => {
  await using stage = await setVoiceStage();
  const response = await fetch(`${stage.backend.url}/rag/chat/completions`, {
    method: "OPTIONS",
    headers: { origin: "https://app.example", "access-control-request-method": "POST" },
  });
  expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
});
