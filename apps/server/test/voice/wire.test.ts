import { answerAsAsked, usageOfFake } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { shareStage } from "./share-stage.ts";
import { engineWords, readRecords, setVoiceStage } from "./voice-stage.ts";

const useStage = shareStage();
const paths = ["/chat/completions", "/v1/chat/completions"] as const;

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

  it.each([...paths, "/rag/chat/completions", "/v1/rag/chat/completions"])(
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
    const before = new Set((await readRecords(stage)).map(({ recordId }) => recordId));
    const message = { role: "user", content: "Hi", turn_id: 7, metadata: { source: "asr" } };
    await stage.ask("/chat/completions", { ...engineWords, messages: [message] });
    const records = await readRecords(stage);
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
