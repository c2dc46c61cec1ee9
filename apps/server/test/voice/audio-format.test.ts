import { answer, finish, role, say, wait } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setStage, type OpenAiStage } from "../openai/openai-stage.ts";
import { askAudio, atOnce, toLoudness } from "./audio-stage.ts";
import { engineWords, readRecords } from "./voice-stage.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage({ config: { speech: atOnce } });
});
afterAll(() => stage[Symbol.asyncDispose]());

const ask = (...given: Parameters<typeof askAudio> extends [string, ...infer Rest] ? Rest : never) =>
  askAudio(stage.backend.url, ...given);

describe("a spoken answer", () => {
  it("is a stream of transcript and sound, without any configuration", async () => {
    stage.upstream.setReply(answer(["Hello there, ", "my friend. ", "How are you?"]));
    const heard = await ask();
    expect([heard.status, heard.contentType, heard.hasDone]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
      true,
    ]);
    expect(heard.transcript).toBe("Hello there, my friend. How are you?");
    expect(toLoudness(heard.samples)).toBeGreaterThan(500);
    // Between slow and quick speakers.
    expect(heard.samples.length / 16_000).toBeGreaterThan(1.2);
    expect(heard.samples.length / 16_000).toBeLessThan(6);
  });

  it("has the same ids in every chunk, words before their sound, and pieces of 40 ms", async () => {
    stage.upstream.setReply(answer("One sentence. Another one."));
    const { chunks } = await ask();
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(new Set(chunks.map(({ choices = [] }) => choices[0]?.delta.audio?.id)).size).toBe(1);
    for (const { id, object, created, model, choices = [] } of chunks) {
      expect([object, model, choices.length]).toEqual(["chat.completion.chunk", "fake-model", 1]);
      expect(id).toMatch(/^chatcmpl-/);
      expect(Number.isSafeInteger(created)).toBe(true);
      expect(choices[0]?.index).toBe(0);
    }
    const kinds = chunks.map(({ choices = [] }) => Object.keys(choices[0]?.delta.audio ?? {}).join());
    expect(new Set(kinds)).toEqual(new Set(["id,transcript", "id,data"]));
    expect(kinds[0]).toBe("id,transcript");
    const second = kinds.lastIndexOf("id,transcript");
    expect(second).toBeGreaterThan(10);
    expect(kinds[second - 1]).toBe("id,data");
    expect(kinds.at(-1)).toBe("id,data");
    for (const { choices = [] } of chunks) {
      const data = choices[0]?.delta.audio?.data;
      if (data !== undefined) expect(Buffer.from(data, "base64").length).toBe(1280);
    }
    const reasons = chunks.map(({ choices = [] }) => choices[0]?.finish_reason);
    expect(reasons.at(-1)).toBe("stop");
    expect(new Set(reasons.slice(0, -1))).toEqual(new Set([null]));
  });

  it("stands under /v1 as well, and reports usage to whom it matters", async () => {
    stage.upstream.setReply(answer("Yes."));
    const heard = await ask(
      { stream: true, stream_options: { include_usage: true } },
      { path: "/v1/audio/chat/completions" },
    );
    expect(heard.chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 11, total_tokens: 18 },
    });
    expect(heard.transcript).toBe("Yes.");
  });

  it("begins before the text is finished, with the sentence that is", async () => {
    stage.upstream.setReply({
      steps: [role(), say("The first sentence. "), wait("rest"), say("The second one."), finish()],
    });
    let isOpen = false;
    const heard = await ask(
      {},
      {
        onChunk({ choices = [] }) {
          if (isOpen || choices[0]?.delta.audio?.data === undefined) return;
          isOpen = true;
          stage.upstream.open("rest");
        },
      },
    );
    expect(heard.transcript).toBe("The first sentence. The second one.");
    expect(heard.hasDone).toBe(true);
  });

  it("begins though nothing follows the full stop", async () => {
    stage.upstream.setReply({
      steps: [role(), say("The only sentence so far."), wait("go on"), say(" More."), finish()],
    });
    const heard = await ask({}, { onChunk: () => stage.upstream.open("go on") });
    expect(heard.transcript).toBe("The only sentence so far. More.");
  });

  it("does not read out marks and pictures, and tells the text as it is", async () => {
    const text = "## **Very** good 👍\n\n```js\nlet a = 1;\n```\n";
    stage.upstream.setReply(answer(text));
    const marked = await ask();
    expect(marked.transcript).toBe(text);
    stage.upstream.setReply(answer("Very good"));
    const plain = await ask();
    expect(Math.abs(marked.pieces.length - plain.pieces.length)).toBeLessThanOrEqual(3);
  });

  it("speaks Chinese where the text is Chinese", async () => {
    stage.upstream.setReply(answer("你好，今天天气很好。"));
    const heard = await ask();
    expect(heard.transcript).toBe("你好，今天天气很好。");
    // Spoken as letters of an unknown writing it would take several times as long.
    expect(heard.samples.length / 16_000).toBeGreaterThan(1);
    expect(heard.samples.length / 16_000).toBeLessThan(4);
  });

  it("has an end where there is nothing to say", async () => {
    stage.upstream.setReply(answer("👍"));
    const heard = await ask();
    expect([heard.transcript, heard.pieces.length, heard.hasDone]).toEqual(["👍", 1, true]);
  });

  it("reaches the provider with every field of OpenAI's and none of the engine's, and is recorded with those", async () => {
    stage.upstream.setReply(answer("Yes."));
    const fields = { temperature: 0.3, max_tokens: 77, metadata: { kept: "yes" }, an_unknown_one: [1, 2.5] };
    const message = { role: "user", content: "Hi", turn_id: 7, timestamp: 2, metadata: { source: "asr" } };
    await ask({ ...fields, ...engineWords, messages: [message] });
    expect(stage.upstream.calls.at(-1)?.body).toEqual({
      model: "fake-model",
      ...fields,
      messages: [{ role: "user", content: "Hi" }],
      stream: true,
      stream_options: { include_usage: true },
    });
    expect((await readRecords(stage))[0]).toMatchObject({
      path: "/audio/chat/completions",
      voice: { face: "audio", ...engineWords, messages: [{ index: 0, metadata: { source: "asr" } }] },
    });
  });

  it("is remembered together with those that were written, each turn once", async () => {
    const context = { userId: "ann", channel: "by turns" };
    const askNext = async (content: string, reply: string) => {
      stage.upstream.setReply(answer(reply));
      await ask({ context, messages: [{ role: "user", content }] });
      await stage.backend.server.backend.services.voice.flush();
      const body = stage.upstream.calls.at(-1)?.body as { messages: { content: string }[] };
      return body.messages.map((message) => message.content);
    };
    await askNext("One?", "First.");
    expect(await askNext("Two?", "Second.")).toEqual(["One?", "First.", "Two?"]);
    expect(await askNext("Three?", "Third.")).toEqual(["One?", "First.", "Two?", "Second.", "Three?"]);
  });

  it("is that of the first answer where a model gives several", async () => {
    const other = { id: "c", object: "chat.completion.chunk", created: 1, model: "fake-model" };
    const choices = [{ index: 1, delta: { content: "Another one. " }, finish_reason: null }];
    stage.upstream.setReply({
      steps: [role(), say("One. "), { do: "event", data: { ...other, choices } }, say("Two."), finish()],
    });
    expect((await ask({ n: 2 })).transcript).toBe("One. Two.");
  });

  it("speaks a last message of the assistant's as it is, without asking anybody", async () => {
    const before = stage.upstream.calls.length;
    const heard = await ask({
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Welcome to our **shop**!" },
      ],
    });
    expect([heard.transcript, heard.hasDone]).toEqual(["Welcome to our **shop**!", true]);
    expect(heard.pieces.length).toBeGreaterThan(15);
    expect(stage.upstream.calls.length).toBe(before);
  });
});
