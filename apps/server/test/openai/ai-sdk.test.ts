import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
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
import { APICallError, embedMany, generateText, Output, stepCountIs, streamText, tool } from "ai";
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

const provider = (apiKey = callerToken) =>
  createOpenAICompatible({
    name: "ours",
    baseURL: `${stage.backend.url}/v1`,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
const model = () => provider()("fake-model");
const given = { prompt: "Hi", maxRetries: 0 };
const sky = { name: "weather", arguments: '{"city":"Łódź"}' };

describe("the AI SDK", () => {
  it("generates text", async () => {
    const { text, finishReason, usage } = await generateText({ model: model(), ...given });
    expect([text, finishReason, usage.totalTokens]).toEqual(["Hello world", "stop", 18]);
  });

  it("streams text", async () => {
    const result = streamText({ model: model(), ...given });
    expect((await Array.fromAsync(result.textStream)).join("")).toBe("Hello world");
    expect(await result.finishReason).toBe("stop");
    expect((await result.usage).outputTokens).toBe(7);
  });

  it.each([
    ["streamed", true],
    ["whole", false],
  ])("goes through tools to an answer: %s", async (_name, isStreamed) => {
    stage.upstream.setReply((call) => {
      if (call.bodyText.includes('"role":"tool"')) return isStreamed ? answer("18 °C") : completion("18 °C");
      return isStreamed ? piecewiseToolCall([sky]) : toolCallCompletion([sky]);
    });
    const cities: string[] = [];
    const weather = tool({
      inputSchema: z.object({ city: z.string() }),
      execute({ city }) {
        cities.push(city);
        return "18";
      },
    });
    const options = { model: model(), ...given, tools: { weather }, stopWhen: stepCountIs(3) };
    const text = isStreamed ? await streamText(options).text : (await generateText(options)).text;
    expect([text, cities]).toEqual(["18 °C", ["Łódź"]]);
  });

  it("has the structure that was asked for", async () => {
    stage.upstream.setReply(completion('{"year":1423}'));
    const { output } = await generateText({
      model: model(),
      ...given,
      output: Output.object({ schema: z.object({ year: z.number() }) }),
    });
    expect(output).toEqual({ year: 1423 });
    expect(stage.upstream.calls.at(-1)?.body).toMatchObject({ response_format: { type: "json_schema" } });
  });

  it("embeds", async () => {
    stage.upstream.setReply(
      embeddings([
        [1, 2],
        [3, 4],
      ]),
    );
    const result = await embedMany({
      model: provider().embeddingModel("fake-embedder"),
      values: ["a", "b"],
      maxRetries: 0,
    });
    expect(result.embeddings).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("knows errors: who may not come in, what the upstream refused, what broke off", async () => {
    const refused = generateText({ model: provider("wrong")("fake-model"), ...given });
    await expect(refused).rejects.toMatchObject({ statusCode: 403, isRetryable: false });
    stage.upstream.setReply(
      fail(400, { error: { message: "Bad tools", type: "x", param: "tools", code: "odd" } }),
    );
    const error: unknown = await generateText({ model: model(), ...given }).catch(
      (thrown: unknown) => thrown,
    );
    expect(APICallError.isInstance(error) && [error.statusCode, error.message]).toEqual([400, "Bad tools"]);

    stage.upstream.setReply({ steps: [role(), say("Hello"), wait(5), cut()] });
    const errors: unknown[] = [];
    const result = streamText({
      model: model(),
      ...given,
      onError: ({ error: one }) => void errors.push(one),
    });
    const parts = await Array.fromAsync(result.stream);
    expect(parts.map(({ type }) => type)).toContain("error");
    expect(errors).toHaveLength(1);
  });

  it("closes the upstream when it is told to stop", async () => {
    stage.upstream.setReply({ steps: [role(), say("Hello"), wait("never")] });
    const before = stage.upstream.calls.length;
    const abort = new AbortController();
    const result = streamText({ model: model(), ...given, abortSignal: abort.signal });
    const reading = (async () => {
      for await (const _ of result.textStream) abort.abort();
    })();
    await reading.catch(() => {});
    expect((await stage.upstream.calls[before]?.closed)?.by).toBe("client");
  });
});
