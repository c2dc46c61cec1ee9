import fc from "fast-check";
import { expect, test } from "vitest";
import { createCompletionAssembler } from "../../src/scan/completion-assembler.ts";
import type { ScannedKind } from "../../src/scan/scan-progress.ts";
import { toStreamFrames } from "../../src/scan/stream-frames.ts";
import { judgeWhole } from "../../src/scan/whole-answer.ts";
import { recordings } from "./recordings.ts";
import { scanAll } from "./scan-stream.ts";

function assemble(stream: Buffer | string, kind: ScannedKind = "chat"): unknown {
  const { passed } = scanAll([Buffer.from(stream)], { kind });
  const assembler = createCompletionAssembler(kind);
  assembler.add([passed]);
  const completion = assembler.toCompletion();
  return completion === undefined ? undefined : JSON.parse(completion.toString());
}

const named = (name: string) => recordings.find((recording) => recording.name === name)?.stream ?? "";

test("makes one completion of a stream", () => {
  expect(assemble(named("OpenAI with usage asked for"))).toEqual({
    id: "chatcmpl-BNa6yqVXkQ7CkQHyNBS5Mfxkzr2NA",
    created: 1745141234,
    model: "gpt-4o-mini-2024-07-18",
    service_tier: "default",
    system_fingerprint: "fp_0392822090",
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: 'Hello world\n"!"' },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  });
});

test("joins the fragments of tool calls by their index", () => {
  expect(assemble(named("tool calls in fragments"))).toMatchObject({
    choices: [
      {
        message: {
          content: null,
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } },
          ],
        },
        finish_reason: "tool_calls",
      },
    ],
  });
  expect(assemble(named("two tool calls at once"))).toMatchObject({
    choices: [{ message: { tool_calls: [{ id: "a" }, { id: "b" }] } }],
  });
  expect(assemble(named("a function call of the old kind"))).toMatchObject({
    choices: [{ message: { function_call: { name: "f", arguments: "{}" } } }],
  });
});

test("keeps reasoning, refusals and choices apart", () => {
  expect(assemble(named("DeepSeek, which thinks first"))).toMatchObject({
    choices: [{ message: { reasoning_content: "Hm, so.", content: 'Hello world\n"!"' } }],
  });
  expect(assemble(named("a refusal"))).toMatchObject({ choices: [{ message: { refusal: "No" } }] });
  expect(assemble(named("two choices, of which one ends first"))).toMatchObject({
    choices: [
      { index: 0, message: { content: "a" }, finish_reason: "stop" },
      { index: 1, message: { content: "bc" }, finish_reason: "length" },
    ],
  });
});

test("makes one answer of the other kinds of streams too", () => {
  expect(assemble(named("a text completion"), "completion")).toMatchObject({
    object: "text_completion",
    choices: [{ text: "Hello world", finish_reason: "length" }],
  });
  expect(assemble(named("the Responses API"), "response")).toMatchObject({
    id: "resp_1",
    status: "completed",
    usage: { input_tokens: 9 },
  });
  expect(assemble(": nothing\n\n")).toBeUndefined();
});

test("a field called like a prototype's is a field", () => {
  const message = (
    assemble(
      'data: {"choices":[{"index":0,"delta":{"content":"a","__proto__":{"x":1},"constructor":{"y":2}}}]}\n\n',
    ) as { choices: { message: object }[] }
  ).choices[0]?.message;
  expect(message).toMatchObject({ content: "a" });
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

const anyText = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary", minLength: 1 }),
  fc.string({ unit: "grapheme" }).map((text) => (text === "" ? "" : `${text}😀`.repeat(3000))),
);
const anyFullText = anyText.filter((text) => text !== "");
const anyCall = fc.record({
  id: fc.string(),
  type: fc.constant("function"),
  function: fc.record({ name: fc.string(), arguments: anyText }),
});
const anyMessage = fc.oneof(
  fc.record({ role: fc.constant("assistant"), content: anyFullText }),
  fc.record({ role: fc.constant("assistant"), content: anyFullText, reasoning_content: anyFullText }),
  fc.record({
    role: fc.constant("assistant"),
    content: fc.constant(null),
    tool_calls: fc.array(anyCall, { minLength: 1, maxLength: 3 }),
  }),
);
const anyCompletion = fc
  .record({
    messages: fc.array(anyMessage, { minLength: 1, maxLength: 3 }),
    reason: fc.constantFrom("stop", "length", "tool_calls"),
    hasUsage: fc.boolean(),
  })
  .map(({ messages, reason, hasUsage }) => ({
    id: "c",
    created: 1,
    model: "m",
    object: "chat.completion",
    choices: messages.map((message, index) => ({ index, message, logprobs: null, finish_reason: reason })),
    ...(hasUsage && { usage: { prompt_tokens: 1, completion_tokens: 2 } }),
  }));

test("a completion that becomes a stream and a completion again is the same one", () => {
  fc.assert(
    fc.property(anyCompletion, (completion) => {
      const bytes = Buffer.from(JSON.stringify(completion));
      const frames = toStreamFrames(bytes, { kind: "chat", includeUsage: true }) ?? Buffer.alloc(0);
      expect(assemble(frames)).toEqual(JSON.parse(bytes.toString()));
      const first = completion.choices[0]?.message;
      const { progress } = scanAll([frames], { textCharsMax: 1e6 });
      expect(progress).toMatchObject({
        text: first?.content ?? "",
        isDone: true,
        isFinished: true,
        choicesMax: completion.choices.length,
      });
    }),
    { numRuns: 200 },
  );
});

test("usage is in the stream of a completion only where it is asked for", () => {
  const bytes = Buffer.from(
    '{"id":"c","choices":[{"text":"a","index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}',
  );
  expect(toStreamFrames(bytes, { kind: "completion", includeUsage: false })?.toString()).not.toContain(
    "usage",
  );
  expect(toStreamFrames(bytes, { kind: "completion", includeUsage: true })?.toString()).toContain(
    '"choices":[],"usage"',
  );
  expect(toStreamFrames(Buffer.from("{}"), { kind: "chat", includeUsage: true })).toBeUndefined();
  expect(toStreamFrames(bytes, { kind: "response", includeUsage: true })).toBeUndefined();
});

const judge = (value: unknown, kind: ScannedKind | "other" = "chat") =>
  judgeWhole(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)), kind);

test("judges whole answers", () => {
  const message = { role: "assistant", content: "Hi", reasoning_content: "Hm" };
  expect(
    judge({ model: "m", choices: [{ message, finish_reason: "stop" }], usage: { prompt_tokens: 1 } }),
  ).toEqual({
    fault: undefined,
    usage: { promptTokens: 1 },
    model: "m",
    finishReason: "stop",
    text: "Hi",
    textChars: 4,
    hasToolCalls: false,
  });
  expect(judge({ choices: [{ text: "Hi", finish_reason: "length" }] }, "completion")).toMatchObject({
    text: "Hi",
    finishReason: "length",
    fault: undefined,
  });
  expect(
    judge({ choices: [{ message: { content: null, tool_calls: [{}] }, finish_reason: "tool_calls" }] }),
  ).toMatchObject({ hasToolCalls: true, fault: undefined });
  const output = [
    { type: "message", content: [{ type: "output_text", text: "Hi" }] },
    { type: "function_call" },
  ];
  expect(
    judge({ status: "completed", model: "m", output, usage: { input_tokens: 4 } }, "response"),
  ).toMatchObject({
    text: "Hi",
    hasToolCalls: true,
    finishReason: "stop",
    usage: { promptTokens: 4 },
    fault: undefined,
  });
  expect(judge({ status: "queued", output: [] }, "response").fault).toBeUndefined();
  expect(
    judge({ object: "list", data: [{ embedding: [1] }], model: "e", usage: { prompt_tokens: 3 } }, "other"),
  ).toMatchObject({ model: "e", usage: { promptTokens: 3 }, fault: undefined });
  expect(
    judge({ id: "job", object: "fine_tuning.job", error: { message: "no" } }, "other").fault,
  ).toBeUndefined();
  expect(judge([1], "other").fault).toBeUndefined();
});

test("U29: what is no answer is a fault, in whatever way", () => {
  for (const kind of ["chat", "completion", "response", "other"] as const) {
    for (const wrong of ["", "<html>", '{"choices":[{"mess'])
      expect(judge(wrong, kind).fault?.outcome).toBe("protocol_error");
    expect(judge({ error: { message: "no", code: 500 } }, kind).fault).toMatchObject({
      outcome: "error_in_stream",
      message: "no",
    });
  }
  for (const wrong of [{}, { choices: [] }, { choices: null }, { choices: [{ message: {} }] }, null, 5])
    expect(judge(wrong).fault?.outcome).toBe("protocol_error");
  expect(judge({ choices: [{ message: { content: "x" }, finish_reason: "error" }] }).fault?.outcome).toBe(
    "error_in_stream",
  );
  expect(judge({ status: "failed", error: null }, "response").fault?.outcome).toBe("error_in_stream");
});
