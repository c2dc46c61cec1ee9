import { operator } from "@llm-backend/server";
import { describe, expect, it } from "vitest";
import { shareStage } from "./share-stage.ts";
import { engineWords, readRecords, setVoiceStage } from "./voice-stage.ts";

const useStage = shareStage();

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
