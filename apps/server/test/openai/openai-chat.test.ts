import { asksForStream, answer, completion, event, finish, page, role, say } from "@llm-backend/testing";
import type { Call, Reply } from "@llm-backend/testing";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { setStage, toUpstreamKey, type OpenAiStage } from "./openai-stage.ts";
import { piecewiseToolCall, toolCallCompletion } from "./tool-call-replies.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => stage.upstream.setReply(answer(["Hello", " world"])));

const messages = [{ role: "user" as const, content: "Hi" }];
const sky = { name: "get_weather", arguments: '{"city":"Łódź","unit":"c"}' };
const tools = [
  {
    type: "function" as const,
    function: {
      name: "get_weather",
      parameters: { type: "object", properties: { city: { type: "string" }, unit: { type: "string" } } },
    },
  },
];
const lastBody = () => stage.upstream.calls.at(-1)?.body as Record<string, unknown>;

describe("chat completions of the official client", () => {
  it("are answered whole, with all that the upstream says of them", async () => {
    stage.upstream.setReply(completion("Hello world"));
    const { data, response, request_id } = await stage
      .client()
      .chat.completions.create({ model: "fake-model", messages, temperature: 0.25, top_p: 0.5 })
      .withResponse();
    expect(data).toMatchObject({
      id: "chatcmpl-fake0000000000000000000000",
      model: "fake-model",
      choices: [{ message: { role: "assistant", content: "Hello world" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    });
    expect(request_id).toMatch(/^req_/);
    expect(response.headers.get("x-request-id")).toBe(request_id);
    expect(lastBody()).toEqual({ model: "fake-model", messages, temperature: 0.25, top_p: 0.5 });
    expect(stage.upstream.calls.at(-1)?.headers["authorization"]).toBe(`Bearer ${toUpstreamKey(0)}`);
  });

  it("are streamed, without a usage that nobody asked for", async () => {
    const stream = await stage
      .client()
      .chat.completions.create({ model: "fake-model", messages, stream: true });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("Hello world");
    expect(chunks.map(({ choices }) => choices.length)).not.toContain(0);
    expect(chunks.flatMap(({ usage }) => usage ?? [])).toEqual([]);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
  });

  it("are streamed with the usage for those who ask for it", async () => {
    const stream = await stage.client().chat.completions.create({
      model: "fake-model",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 18 } });
  });

  it("call tools", async () => {
    stage.upstream.setReply(toolCallCompletion([sky]));
    const { choices } = await stage
      .client()
      .chat.completions.create({ model: "fake-model", messages, tools, tool_choice: "required" });
    expect(choices[0]?.message.tool_calls).toEqual([{ id: "call_0", type: "function", function: sky }]);
    expect(choices[0]?.finish_reason).toBe("tool_calls");
    expect(lastBody()).toMatchObject({ tools, tool_choice: "required" });
  });

  it("call several tools at once in a stream, whose arguments come in fragments", async () => {
    const second = { name: "get_time", arguments: '{"zone":"Europe/Warsaw"}' };
    stage.upstream.setReply(piecewiseToolCall([sky, second]));
    const runner = stage.client().chat.completions.stream({ model: "fake-model", messages, tools });
    const fragments: string[] = [];
    runner.on(
      "tool_calls.function.arguments.delta",
      ({ arguments_delta }) => void fragments.push(arguments_delta),
    );
    const final = await runner.finalChatCompletion();
    expect(
      final.choices[0]?.message.tool_calls?.map((call) => "function" in call && call.function),
    ).toMatchObject([sky, second]);
    expect(fragments.length).toBeGreaterThan(6);
    expect(fragments.join("")).toBe(sky.arguments + second.arguments);
  });

  it("are put together by the client's own helpers", async () => {
    const runner = stage.client().chat.completions.stream({ model: "fake-model", messages });
    const deltas: string[] = [];
    runner.on("content", (delta) => void deltas.push(delta));
    expect(await runner.finalContent()).toBe("Hello world");
    expect(deltas.join("")).toBe("Hello world");
    expect((await runner.finalChatCompletion()).choices[0]?.finish_reason).toBe("stop");
  });

  it("run tools until there is an answer", async () => {
    stage.upstream.setReply((call) =>
      JSON.stringify(call.body).includes('"role":"tool"') ? answer("18 degrees") : piecewiseToolCall([sky]),
    );
    const asked: unknown[] = [];
    const runner = stage.client().chat.completions.runTools({
      model: "fake-model",
      messages,
      stream: true,
      tools: [
        {
          type: "function",
          function: {
            name: "get_weather",
            description: "The weather",
            parameters: { type: "object", properties: { city: { type: "string" } } },
            parse: JSON.parse,
            function(input: unknown) {
              asked.push(input);
              return "18";
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe("18 degrees");
    expect(asked).toEqual([{ city: "Łódź", unit: "c" }]);
  });

  it("have the structure that was asked for, whole and streamed", async () => {
    const Event = z.object({ name: z.string(), year: z.number() });
    const said = '{"name":"Łódź","year":1423}';
    stage.upstream.setReply((call: Call) =>
      asksForStream(call) ? answer([said.slice(0, 9), said.slice(9)]) : completion(said),
    );
    const response_format = zodResponseFormat(Event, "event");
    const given = { model: "fake-model", messages, response_format };
    const whole = await stage.client().chat.completions.parse(given);
    expect(whole.choices[0]?.message.parsed).toEqual({ name: "Łódź", year: 1423 });
    expect(lastBody()["response_format"]).toEqual(structuredClone({ ...response_format }));
    const streamed = await stage.client().chat.completions.stream(given).finalChatCompletion();
    expect(streamed.choices[0]?.message.parsed).toEqual({ name: "Łódź", year: 1423 });
  });

  it("have several choices, and log probabilities", async () => {
    const toChoice = (index: number, content: string) => ({
      index,
      delta: { role: "assistant", content },
      logprobs: {
        content: [{ token: content, logprob: -0.5, bytes: null, top_logprobs: [] }],
        refusal: null,
      },
      finish_reason: null,
    });
    const chunk = (choices: unknown[]) =>
      event({ id: "x", object: "chat.completion.chunk", created: 1, model: "fake-model", choices });
    const end = (index: number) => ({ index, delta: {}, logprobs: null, finish_reason: "stop" });
    const reply: Reply = {
      steps: [
        chunk([toChoice(0, "a")]),
        chunk([toChoice(1, "b"), toChoice(0, "A")]),
        chunk([end(0)]),
        chunk([end(1)]),
        finish({ reason: null }),
      ],
    };
    stage.upstream.setReply(reply);
    const final = await stage
      .client()
      .chat.completions.stream({ model: "fake-model", messages, n: 2, logprobs: true })
      .finalChatCompletion();
    expect(final.choices.map(({ message }) => message.content)).toEqual(["aA", "b"]);
    expect(final.choices[0]?.logprobs?.content?.map(({ token }) => token)).toEqual(["a", "A"]);
  });

  it("refuse", async () => {
    stage.upstream.setReply({ steps: [role(), say("I will not.", { as: "refusal" }), finish()] });
    const final = await stage
      .client()
      .chat.completions.stream({ model: "fake-model", messages })
      .finalChatCompletion();
    expect(final.choices[0]?.message.refusal).toBe("I will not.");
  });
});

describe("completions of the official client", () => {
  const text = (body: string, reason: string | null = null) => ({
    id: "cmpl-1",
    object: "text_completion",
    created: 1,
    model: "fake-model",
    choices: [{ index: 0, text: body, logprobs: null, finish_reason: reason }],
  });

  it("are answered whole", async () => {
    stage.upstream.setReply(
      page("application/json", JSON.stringify({ ...text("and on", "stop"), usage: { total_tokens: 3 } })),
    );
    const { choices } = await stage.client().completions.create({ model: "fake-model", prompt: "On" });
    expect(choices[0]?.text).toBe("and on");
    expect(stage.upstream.calls.at(-1)?.path).toBe("/v1/completions");
  });

  it("are streamed", async () => {
    stage.upstream.setReply({
      steps: [
        event(text("and")),
        event(text(" on")),
        event(text("", "stop")),
        finish({ reason: null, usage: null }),
      ],
    });
    const stream = await stage
      .client()
      .completions.create({ model: "fake-model", prompt: "On", stream: true });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.map(({ choices }) => choices[0]?.text).join("")).toBe("and on");
  });
});
