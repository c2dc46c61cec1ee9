import { join } from "node:path";
import { openSqlite } from "@llm-backend/storage";
import { answer, fail, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { piecewiseToolCall, toolCallCompletion } from "../openai/tool-call-replies.ts";
import { program } from "../tools/tool-stage.ts";
import { askAudio } from "./audio-stage.ts";
import { engineWords, readRecords, setVoiceStage, type VoiceStage } from "./voice-stage.ts";

/** A reply that calls these tools, in pieces. */
const calling = (...calls: readonly (readonly [name: string, input: unknown])[]): Reply =>
  piecewiseToolCall(calls.map(([name, input]) => ({ name, arguments: JSON.stringify(input) })));
const callers = { type: "function", function: { name: "lookup", parameters: { type: "object" } } };
const done = answer(["All ", "done."]);
const isNothing = (value: unknown): boolean => value === null || value === undefined;

let stage: VoiceStage;
let seen = 0;
beforeAll(async () => {
  stage = await setVoiceStage({
    config: {
      tools: {
        servers: {
          always: program({ permission: "always" }),
          asking: program(),
          never: program({ permission: "never" }),
        },
      },
    },
  });
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  seen = stage.upstream.calls.length;
  stage.upstream.setReply(done);
});
const asked = () => stage.asked().slice(seen);
const names = (at: number): string[] => (asked()[at]?.tools ?? []).map((tool) => tool.function.name);

describe("tools of the server", () => {
  it("are those that nobody has to be asked for", async () => {
    await stage.ask("/chat/completions");
    expect(names(0)).toContain("always__echo");
    expect(names(0).filter((name) => !name.startsWith("always__"))).toEqual([]);
  });

  it("are called here, and what they said is answered with, under one id and with one end", async () => {
    stage.upstream.enqueue(
      calling(["always__echo", { text: "one" }], ["always__echo", { text: "two" }]),
      done,
    );
    const heard = await stage.ask("/chat/completions", {
      ...engineWords,
      stream_options: { include_usage: true },
    });
    expect(heard.text).toBe("All done.");
    expect(heard.finishReasons).toEqual(["stop"]);
    expect(heard.dones).toBe(1);
    expect(heard.body).not.toContain("tool_calls");
    expect(new Set(heard.chunks.map(({ id }) => id)).size).toBe(1);
    expect(heard.chunks.filter(({ choices }) => choices?.[0]?.delta.role !== undefined)).toHaveLength(1);
    const usages = heard.chunks.flatMap(({ usage }) => (isNothing(usage) ? [] : [usage]));
    expect(usages).toEqual([{ prompt_tokens: 31, completion_tokens: 16, total_tokens: 47 }]);
    expect(asked()[1]?.messages.slice(1)).toMatchObject([
      { role: "assistant", tool_calls: [{ id: "call_0" }, { id: "call_1" }] },
      { role: "tool", tool_call_id: "call_0", content: "echo: one" },
      { role: "tool", tool_call_id: "call_1", content: "echo: two" },
    ]);
  });

  it("are called behind a waiting sentence too, which alone has an id of its own", async () => {
    stage.upstream.enqueue(calling(["always__echo", { text: "one" }]), done);
    const heard = await stage.ask("/rag/chat/completions", { stream_options: { include_usage: true } });
    const [first, ...rest] = heard.chunks;
    expect([first?.id, heard.text, heard.finishReasons, heard.dones]).toEqual([
      "waiting_msg",
      "All done.",
      ["stop"],
      1,
    ]);
    expect(new Set(rest.map(({ id }) => id)).size).toBe(1);
    expect(rest.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 47 } });
  });

  it("are called for a spoken answer as well, and not spoken of", async () => {
    stage.upstream.enqueue(calling(["always__echo", { text: "one" }]), done);
    const heard = await askAudio(stage.backend.url, { stream_options: { include_usage: true } });
    expect([heard.transcript, heard.hasDone]).toEqual(["All done.", true]);
    expect(new Set(heard.chunks.map(({ id }) => id)).size).toBe(1);
    expect(heard.chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 47 } });
    expect(heard.chunks.at(-2)?.choices?.[0]?.finish_reason).toBe("stop");
    expect(JSON.stringify(heard.chunks)).not.toContain("tool_calls");
    expect(asked()[1]?.messages.at(-1)).toMatchObject({ role: "tool", content: "echo: one" });
  });

  it("whose answer cannot be answered with end the stream with an error, and without [DONE]", async () => {
    stage.upstream.enqueue(calling(["always__echo", { text: "one" }]), fail(400));
    const heard = await stage.ask("/chat/completions", engineWords);
    expect([heard.status, heard.text, heard.dones]).toEqual([200, "", 0]);
    expect(heard.chunks.at(-1)?.error?.message).toBeTypeOf("string");
  });

  it("are recorded: each question of the model's, and each call", async () => {
    stage.upstream.enqueue(calling(["always__echo", { text: "one" }]), done);
    await stage.ask("/chat/completions", engineWords);
    const [second, first] = await readRecords(stage);
    expect(first).toMatchObject({ status: 200, voice: { face: "chat", ...engineWords } });
    expect(second).toMatchObject({
      status: 200,
      voice: { round: 2, requestId: first?.recordId, context: engineWords.context },
    });
    const storage = await openSqlite({
      path: join(stage.backend.dataFolder, "llm-backend.db"),
      shared: true,
    });
    const calls = await storage.tools.listCalls(String(first?.recordId));
    await storage.close();
    expect(calls).toMatchObject([{ tool: "always__echo", ok: true, callId: "call_0" }]);
  });

  it("are called at most five times in a row; then the model answers without", async () => {
    stage.upstream.setReply((call) => {
      const { tools } = call.body as { tools?: unknown };
      return tools === undefined ? done : calling(["always__echo", { text: "again" }]);
    });
    const heard = await stage.ask("/chat/completions");
    expect(heard.text).toBe("All done.");
    expect(asked()).toHaveLength(6);
    expect(asked()[5]?.tools).toBeUndefined();
  });

  it("are not asked for once more where the caller demands a call", async () => {
    stage.upstream.enqueue(calling(["always__echo", { text: "one" }]), done);
    await stage.ask("/chat/completions", { tool_choice: "required" });
    expect(asked().map((body) => body["tool_choice"])).toEqual(["required", undefined]);
  });

  it("are answered with in one piece where no stream is asked for", async () => {
    stage.upstream.enqueue(toolCallCompletion([{ name: "always__echo", arguments: '{"text":"one"}' }]), {
      status: 200,
      framing: "length",
      headers: { "content-type": "application/json" },
      steps: [
        {
          do: "raw",
          bytes: JSON.stringify({
            id: "chatcmpl-other",
            object: "chat.completion",
            created: 1,
            model: "fake-model",
            choices: [{ index: 0, message: { role: "assistant", content: "Done." }, finish_reason: "stop" }],
            usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
          }),
        },
      ],
    });
    const heard = await stage.ask("/chat/completions", { stream: false });
    expect(heard.json).toMatchObject({
      id: "chatcmpl-tools",
      choices: [{ message: { content: "Done." }, finish_reason: "stop" }],
      usage: { prompt_tokens: 21, completion_tokens: 11, total_tokens: 32 },
    });
  });

  it("that fail, or that there are not, are told to the model, and the answer is given", async () => {
    stage.upstream.enqueue(calling(["always__refuse", {}], ["always__nothing", {}]), done);
    expect((await stage.ask("/chat/completions")).text).toBe("All done.");
    const results = asked()[1]?.messages.filter(({ role }) => role === "tool");
    expect(results?.map(({ content }) => content)).toEqual([
      "no such file",
      "There is no tool of this name.",
    ]);
  });

  it("do not stand beside those of a plain call of /v1", async () => {
    await stage.ask("/v1/chat/completions");
    expect(asked()[0]).not.toHaveProperty("tools");
    await stage.ask("/v1/chat/completions", engineWords);
    expect(names(1)).toContain("always__echo");
  });

  it("are not offered where the caller wants none called, or several answers at once", async () => {
    await stage.ask("/chat/completions", { tool_choice: "none", tools: [callers] });
    await stage.ask("/chat/completions", { n: 2 });
    expect([names(0), names(1)]).toEqual([["lookup"], []]);
  });
});

describe("the caller's tools", () => {
  it("are handed back, piece by piece", async () => {
    stage.upstream.enqueue(calling(["lookup", { q: "a long question" }]));
    const heard = await stage.ask("/chat/completions", { tools: [callers] });
    const pieces = heard.chunks.flatMap(({ choices }) => choices?.[0]?.delta.tool_calls ?? []);
    expect(pieces[0]).toMatchObject({ index: 0, id: "call_0", function: { name: "lookup" } });
    expect(pieces.map((piece) => piece.function?.arguments).join("")).toBe('{"q":"a long question"}');
    expect([heard.finishReasons, heard.dones]).toEqual([["tool_calls"], 1]);
    expect(asked()).toHaveLength(1);
    expect(names(0).slice(0, 1)).toEqual(["lookup"]);
  });

  it("come back alone where the model called both: ours are not run then", async () => {
    stage.upstream.enqueue(
      calling(["always__echo", { text: "x" }], ["lookup", { q: 1 }], ["lookup", { q: 2 }]),
    );
    const heard = await stage.ask("/chat/completions", { tools: [callers] });
    const pieces = heard.chunks.flatMap(({ choices }) => choices?.[0]?.delta.tool_calls ?? []);
    expect(pieces.flatMap(({ index, id }) => (id === undefined ? [] : [[index, id]]))).toEqual([
      [0, "call_1"],
      [1, "call_2"],
    ]);
    expect(heard.body).not.toContain("always__echo");
    expect(heard.finishReasons).toEqual(["tool_calls"]);
    expect(asked()).toHaveLength(1);
  });

  it("come back in one piece the same way", async () => {
    stage.upstream.enqueue(
      toolCallCompletion([
        { name: "always__echo", arguments: "{}" },
        { name: "lookup", arguments: '{"q":1}' },
      ]),
    );
    const heard = await stage.ask("/chat/completions", { stream: false, tools: [callers] });
    expect(heard.json).toMatchObject({
      choices: [
        {
          finish_reason: "tool_calls",
          message: { tool_calls: [{ id: "call_1", function: { name: "lookup" } }] },
        },
      ],
    });
  });

  it("hide tools of ours that are called the same", async () => {
    const tools = [{ type: "function", function: { name: "always__echo", parameters: {} } }];
    stage.upstream.enqueue(calling(["always__echo", { text: "x" }]));
    const heard = await stage.ask("/chat/completions", { tools });
    expect(heard.finishReasons).toEqual(["tool_calls"]);
    expect(names(0).filter((name) => name === "always__echo")).toHaveLength(1);
  });
});

it("offers what the configuration names, also of servers whose users would be asked", async () => {
  await using other = await setVoiceStage({
    config: {
      tools: { servers: { asking: program(), never: program({ permission: "never" }) } },
      voice: { tools: ["*__echo"] },
    },
  });
  await other.ask("/chat/completions");
  expect(other.asked()[0]?.tools?.map((tool) => tool.function.name)).toEqual(["asking__echo"]);
});
