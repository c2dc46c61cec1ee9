import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  finish,
  renderBody,
  role,
  say,
  think,
  toDeltaChunk,
  toFrame,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import type { AnswerPart } from "../src/index.ts";
import { cutBytes, readAnswer } from "./read-answer.ts";

const read = (...frames: (string | Uint8Array)[]) =>
  readAnswer([Buffer.concat(frames.map((one) => Buffer.from(one as string)))]);
const delta = (fields: object) => toFrame(toDeltaChunk("m", fields as Record<string, unknown>));
const text = (content: string) => delta({ content });
const choice = (fields: object) => toFrame(JSON.stringify({ choices: [fields] }));
const done = toFrame("[DONE]");

test("U20: reads what the format allows and providers send", () => {
  const chunk = (content: string) => toDeltaChunk("m", { content });
  const forms: readonly (readonly [string, string])[] = [
    ["no blank after the colon", `data:${chunk("x")}\n\n`],
    ["comments", `: ping\n\n: OPENROUTER PROCESSING\n\ndata: ${chunk("x")}\n\n`],
    ["ids, names and waits", `id: 1\nevent: message\nretry: 5\ndata: ${chunk("x")}\n\n`],
    ["unknown fields", `foo: bar\nbaz\ndata: ${chunk("x")}\n\n`],
    ["a NUL in an id", `id: a\0b\ndata: ${chunk("x")}\n\n`],
    ["a byte order mark", `\uFEFFdata: ${chunk("x")}\n\n`],
    ["blank lines before the first event", `\n\n\ndata: ${chunk("x")}\n\n`],
    ["data that is no JSON and was never meant to be", `data: ping\n\ndata:\n\ndata: ${chunk("x")}\n\n`],
    ["unknown JSON", `data: null\n\ndata: {"foo":1}\n\ndata: []\n\ndata: ${chunk("x")}\n\n`],
  ];
  for (const [name, form] of forms)
    expect([name, read(form, done).text, read(form, done).fault]).toEqual([name, "x", undefined]);
});

test("U20: discards a last event without the blank line that ends it", () => {
  expect(read(text("a"), `data: ${toDeltaChunk("m", { content: "b" })}`)).toMatchObject({
    text: "a",
    isDone: false,
  });
});

test("U20: counts frames that are no JSON, and faults one that has lost text", () => {
  expect(read("data: ping\n\n", "data: pong\n\n", text("x"), done)).toMatchObject({
    framesMalformed: 2,
    fault: undefined,
  });
  expect(read(text("x"), 'data: {"choices":\n\n', text("y"), done)).toMatchObject({
    text: "x",
    framesMalformed: 1,
    fault: { outcome: "protocol_error" },
    isDone: false,
  });
});

test("U20: takes off one byte order mark, not two", () => {
  expect(read(`\uFEFF\uFEFFdata: ${toDeltaChunk("m", { content: "lost" })}\n\n`, text("x"), done).text).toBe(
    "x",
  );
});

test("U21: reads the same events whatever ends their lines, at any two cuts", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const stream = Buffer.from([text("a"), ": ping\n\n", text("ü"), done].join("").replaceAll("\n", end));
    for (let first = 0; first < stream.length; first += 3)
      for (let second = first; second < stream.length; second += 7)
        expect(readAnswer(cutBytes(stream, [first, second]))).toMatchObject({
          text: "aü",
          isDone: end !== "\r" || true,
        });
  }
});

test("U22: joins data that spans lines", () => {
  const chunk = JSON.stringify({ choices: [{ delta: { content: "a" } }] }, undefined, 1);
  expect(read(`data: ${chunk.replaceAll("\n", "\ndata: ")}\n\n`, done).text).toBe("a");
});

test("U23: joins halves of a character that come in two deltas, also across reads", () => {
  const halves = [text("x\ud83d"), text("\ude00y"), done];
  expect(halves[0]).toContain("\\ud83d");
  expect(read(...halves).text).toBe("x😀y");
  const reads = readAnswer(halves.map((half) => Buffer.from(half)));
  expect(reads.text).toBe("x😀y");
  expect(reads.batches.flat().every((part) => part.text.isWellFormed())).toBe(true);
});

test("U23: keeps halves of text and of reasoning apart", () => {
  const reads = read(
    text("\ud83d"),
    delta({ reasoning_content: "\ud83e" }),
    text("\ude00"),
    delta({ reasoning: "\udd14" }),
    done,
  );
  expect([reads.text, reads.reasoning]).toEqual(["😀", "🤔"]);
});

test("U23: half a character that stays alone becomes one replacement character", () => {
  expect(read(text("a\ud83d"), text("b"), done).text).toBe("a\ufffdb");
  expect(read(text("a\ud83d"), done).text).toBe("a\ufffd");
  expect(read(text("a\ud83d"), choice({ delta: {}, finish_reason: "stop" })).text).toBe("a\ufffd");
  expect(read(text("\ude00b"), done).text).toBe("\ufffdb");
});

test("U24: bytes that are no UTF-8 become replacement characters, and the stream goes on", () => {
  const [before = "", after = ""] = text("a?b").split("?");
  const bytes = Buffer.concat([
    Buffer.from(before),
    Buffer.from([0xff, 0xc3]),
    Buffer.from(after + text("c") + done),
  ]);
  expect(readAnswer([bytes])).toMatchObject({ text: "a\ufffd\ufffdbc", isDone: true, fault: undefined });
});

test("U25: faults an event that is too large, in one piece or many, with or without an end", () => {
  const limits = { eventBytesMax: 1000, answerBytesMax: 1e6 };
  const large = Buffer.from(text("x".repeat(2000)) + done);
  const start = Buffer.from(text("a"));
  for (const pieces of [[large], cutBytes(large, [500]), Array.from(large, (byte) => Buffer.of(byte))]) {
    expect(readAnswer([start, ...pieces], limits)).toMatchObject({
      text: "a",
      fault: { outcome: "too_large" },
      isDone: false,
    });
  }
  expect(readAnswer([start, Buffer.from(`data: ${"x".repeat(2000)}`)], limits).fault?.outcome).toBe(
    "too_large",
  );
  expect(readAnswer([start, Buffer.from("data: 12345678\n".repeat(200))], limits).fault?.outcome).toBe(
    "too_large",
  );
});

test("U25: faults what never comes to any content", () => {
  const limits = { eventBytesMax: 1000, answerBytesMax: 1e6 };
  for (const filler of [": ping\n\n", " ", "\n", "garbage without any meaning ", text("")])
    expect(readAnswer([Buffer.from(filler.repeat(2000))], limits).fault?.outcome).toBe("too_large");
  expect(
    readAnswer([Buffer.from(text("x")), Buffer.from(": ping\n\n".repeat(2000))], limits).fault,
  ).toBeUndefined();
});

test("U25: 10 MB in a million pieces take linear time", { timeout: 20_000 }, () => {
  const piece = Buffer.from("x".repeat(10));
  const started = process.cpuUsage();
  const pieces = [Buffer.from(`${text("a")}data: `), ...Array.from({ length: 1_000_000 }, () => piece)];
  expect(readAnswer(pieces, { eventBytesMax: 2e7, answerBytesMax: 2e7 }).text).toBe("a");
  const { user } = process.cpuUsage(started);
  expect(user).toBeLessThan(4e6);
});

test("U26: faults an answer that is too long, after passing on what came", () => {
  const reads = readAnswer(
    Array.from({ length: 10 }, () => Buffer.from(text("ü".repeat(100)))),
    {
      eventBytesMax: 1000,
      answerBytesMax: 1000,
    },
  );
  expect(reads.fault).toEqual({ outcome: "too_large", message: "the answer is too long" });
  expect(Buffer.byteLength(reads.text)).toBe(1200);
  const whole = JSON.stringify({ choices: [{ message: { content: "x".repeat(5000) } }] });
  expect(readAnswer([Buffer.from(whole)], { eventBytesMax: 1000, answerBytesMax: 1000 }).fault?.outcome).toBe(
    "too_large",
  );
});

/** What providers make of the format, and the text of it. */
const quirks: readonly (readonly [string, readonly string[], string])[] = [
  ["choices that are null", [toFrame('{"choices":null}'), text("x")], "x"],
  ["no choices", [toFrame('{"choices":[]}'), text("x")], "x"],
  ["a choice that is null", [toFrame('{"choices":[null]}'), text("x")], "x"],
  ["a delta that is null", [choice({ delta: null }), text("x")], "x"],
  ["content that is null", [choice({ delta: { role: "assistant", content: null } }), text("x")], "x"],
  ["content of another type", [choice({ delta: { content: 5 } }), text("x")], "x"],
  ["no index", [choice({ delta: { content: "x" } })], "x"],
  [
    "other choices",
    [choice({ index: 1, delta: { content: "other" } }), choice({ index: 0, delta: { content: "x" } })],
    "x",
  ],
  [
    "two choices in one frame",
    [
      toFrame(
        JSON.stringify({
          choices: [
            { index: 1, delta: { content: "o" } },
            { index: 0, delta: { content: "x" } },
          ],
        }),
      ),
    ],
    "x",
  ],
  [
    "tool calls in fragments",
    [choice({ delta: { tool_calls: [{ index: 0, function: { arguments: "{" } }] } }), text("x")],
    "x",
  ],
  ["content in parts", [choice({ delta: { content: [{ type: "text", text: "x" }] } })], "x"],
  ["a refusal", [choice({ delta: { refusal: "no" } })], "no"],
  ["an empty finish reason", [choice({ delta: { content: "x" }, finish_reason: "" })], "x"],
  [
    "a finish reason with every piece",
    [
      choice({ delta: { content: "x" }, finish_reason: "stop" }),
      choice({ delta: { content: "y" }, finish_reason: "stop" }),
    ],
    "xy",
  ],
  [
    "two finish reasons",
    [text("x"), choice({ delta: {}, finish_reason: "stop" }), choice({ delta: {}, finish_reason: "stop" })],
    "x",
  ],
  [
    "the whole answer once more at the end",
    [text("x"), choice({ message: { content: "x" }, finish_reason: "stop" })],
    "x",
  ],
  ["the whole answer in one frame", [choice({ message: { content: "x" }, finish_reason: "stop" })], "x"],
  ["message beside delta", [choice({ message: { content: "xy" }, delta: { content: "x" } })], "x"],
  ["an error that is null", [toFrame('{"error":null,"choices":[{"delta":{"content":"x"}}]}')], "x"],
  [
    "a base_resp that is fine",
    [toFrame('{"base_resp":{"status_code":0},"choices":[{"delta":{"content":"x"}}]}')],
    "x",
  ],
  [
    "usage with every piece",
    [toFrame('{"usage":{"prompt_tokens":1},"choices":[{"delta":{"content":"x"}}]}')],
    "x",
  ],
  ["usage alone", [text("x"), toFrame('{"usage":{"prompt_tokens":1},"choices":[]}')], "x"],
  ["an array for a chunk", [toFrame("[]"), text("x")], "x"],
  ["text in place of a chunk", [toFrame('"hello"'), text("x")], "x"],
  ["reasoning under both names", [delta({ reasoning_content: "r", reasoning: "r", content: "x" })], "x"],
  ["prototype names", [choice({ delta: { __proto__: null, constructor: "c", content: "x" } })], "x"],
  ["a model of another type", [toFrame('{"model":5,"choices":[{"delta":{"content":"x"}}]}')], "x"],
  ["blanks around [DONE]", [text("x"), toFrame(" [DONE] ")], "x"],
  ["data after [DONE]", [text("x"), done, text("late"), toFrame("{")], "x"],
];

test("U33: is not put off by what providers make of the format", () => {
  for (const [name, frames, expected] of quirks) {
    const reads = read(...frames, done);
    expect([name, reads.text, reads.fault, reads.isDone]).toEqual([name, expected, undefined, true]);
  }
});

test("U33: reads reasoning that comes in parts", () => {
  const thinking = { type: "thinking", thinking: [{ type: "text", text: "hm" }] };
  expect(read(choice({ delta: { content: [thinking, { type: "text", text: "x" }] } }), done)).toMatchObject({
    reasoning: "hm",
    text: "x",
  });
});

test("keeps the last usage, the first model, and the last finish reason", () => {
  const reads = read(
    toFrame(
      '{"model":"a","usage":{"prompt_tokens":1},"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}',
    ),
    toFrame('{"model":"b","usage":null,"choices":[{"delta":{},"finish_reason":"length"}]}'),
    toFrame('{"usage":{"prompt_tokens":2,"completion_tokens":-1},"choices":[]}'),
    done,
  );
  expect(reads).toMatchObject({ model: "a", finishReason: "length", usage: { promptTokens: 2 } });
});

test("finish reasons that mean a failure are faults", () => {
  for (const reason of ["error", "abort", "network_error", "insufficient_system_resource"])
    expect(read(text("x"), choice({ delta: {}, finish_reason: reason }), done)).toMatchObject({
      text: "x",
      finishReason: undefined,
      fault: { outcome: "error_in_stream" },
    });
});

test("U19: finds an error in whichever shape it comes", () => {
  const errors = [
    toFrame('{"error":{"message":"boom"}}'),
    toFrame('{"error":"boom"}'),
    toFrame('{"error":{"message":"boom"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}'),
    toFrame('[{"error":{"message":"boom"}}]'),
    toFrame('{"object":"error","message":"boom"}'),
    toFrame('{"type":"error","error":{"message":"boom"}}'),
    toFrame('{"base_resp":{"status_code":1002,"status_msg":"boom"}}'),
    toFrame('{"message":"boom"}', "error"),
    toFrame("boom", "error"),
  ];
  for (const error of errors)
    expect(read(text("x"), error, text("y"), done)).toMatchObject({
      text: "x",
      isDone: false,
      fault: { outcome: "error_in_stream", message: "boom" },
    });
});

test("hands out reasoning and text of one read in order, neighbours joined", () => {
  const { batches } = readAnswer([
    renderBody([role(), think(["a", "b"]), say(["c", "d"]), think("e"), say("f"), finish()]),
  ]);
  expect(batches[0]).toEqual([
    { type: "reasoning-delta", text: "ab" },
    { type: "text-delta", text: "cd" },
    { type: "reasoning-delta", text: "e" },
    { type: "text-delta", text: "f" },
  ]);
});

test("does not keep in memory what came around the text", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const frame = Buffer.from(text("0123456789abcdef0123456789"));
  const many = Buffer.concat(Array.from({ length: 250 }, () => frame));
  const kept: (readonly AnswerPart[])[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let round = 0; round < 200; round++) kept.push(...readAnswer([many]).batches);
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  const chars = kept.flat().reduce((sum, part) => sum + part.text.length, 0);
  expect(chars).toBe(200 * 250 * 26);
  expect(grown).toBeLessThan(2 * chars);
});
