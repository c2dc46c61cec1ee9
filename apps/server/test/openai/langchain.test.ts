import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import {
  answer,
  asksForStream,
  completion,
  cut,
  embeddings,
  fail,
  role,
  say,
  wait,
} from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { callerToken, setStage, type OpenAiStage } from "./openai-stage.ts";
import { piecewiseToolCall, toolCallCompletion } from "./tool-call-replies.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() =>
  stage.upstream.setReply((call) =>
    asksForStream(call) ? answer(["Hello", " world"]) : completion("Hello world"),
  ),
);

const toOptions = (apiKey = callerToken) => ({
  apiKey,
  maxRetries: 0,
  configuration: { baseURL: `${stage.backend.url}/v1` },
});
const chat = (apiKey?: string) => new ChatOpenAI({ model: "fake-model", ...toOptions(apiKey) });
const weather = {
  name: "weather",
  description: "The weather of a place",
  schema: z.object({ city: z.string() }),
};
const sky = { name: "weather", arguments: '{"city":"Łódź"}' };

describe("LangChain", () => {
  it("invokes", async () => {
    const message = await chat().invoke("Hi");
    expect(message.content).toBe("Hello world");
    expect(message.usage_metadata).toMatchObject({ total_tokens: 18 });
  });

  it("streams, with the usage at its end", async () => {
    const chunks = await Array.fromAsync(await chat().stream("Hi"));
    expect(chunks.map(({ text }) => text).join("")).toBe("Hello world");
    const final = chunks.reduce((whole, chunk) => whole.concat(chunk));
    expect(final.usage_metadata).toMatchObject({ total_tokens: 18 });
    expect(final.response_metadata["finish_reason"]).toBe("stop");
  });

  it("calls tools, whole and streamed", async () => {
    stage.upstream.setReply((call) =>
      asksForStream(call) ? piecewiseToolCall([sky]) : toolCallCompletion([sky]),
    );
    const bound = chat().bindTools([weather]);
    const wanted = [expect.objectContaining({ name: "weather", args: { city: "Łódź" }, id: "call_0" })];
    expect((await bound.invoke("Hi")).tool_calls).toEqual(wanted);
    const chunks = await Array.fromAsync(await bound.stream("Hi"));
    expect(chunks.reduce((whole, chunk) => whole.concat(chunk)).tool_calls).toEqual(wanted);
  });

  it("has the structure that was asked for", async () => {
    stage.upstream.setReply(completion('{"city":"Łódź"}'));
    const structured = chat().withStructuredOutput(weather.schema, { name: "place", method: "jsonSchema" });
    expect(await structured.invoke("Where?")).toEqual({ city: "Łódź" });
  });

  it("embeds", async () => {
    stage.upstream.setReply(
      embeddings([
        [1, 2],
        [3, 4],
      ]),
    );
    const embedder = new OpenAIEmbeddings({
      model: "fake-embedder",
      encodingFormat: "float",
      ...toOptions(),
    });
    expect(await embedder.embedDocuments(["a", "b"])).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(stage.upstream.calls.at(-1)?.body).toMatchObject({ input: ["a", "b"], encoding_format: "float" });
  });

  it("knows errors: who may not come in, what was refused, what broke off", async () => {
    await expect(chat("wrong").invoke("Hi")).rejects.toMatchObject({ status: 403 });
    stage.upstream.setReply(fail(400, { error: { message: "Bad tools", param: "tools", code: "odd" } }));
    await expect(chat().invoke("Hi")).rejects.toMatchObject({ status: 400, code: "odd", param: "tools" });
    stage.upstream.setReply({ steps: [role(), say("Hello"), wait(5), cut()] });
    const said: unknown[] = [];
    const reading = (async () => {
      for await (const { content } of await chat().stream("Hi")) said.push(content);
    })();
    await expect(reading).rejects.toThrow(/broke off/);
    expect(said.join("")).toBe("Hello");
  });

  it("closes the upstream when it is told to stop", async () => {
    stage.upstream.setReply({ steps: [role(), say("Hello"), wait("never")] });
    const before = stage.upstream.calls.length;
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of await chat().stream("Hi", { signal: abort.signal })) abort.abort();
    })();
    await expect(reading).rejects.toThrow(/abort/i);
    expect((await stage.upstream.calls[before]?.closed)?.by).toBe("client");
  });
});
