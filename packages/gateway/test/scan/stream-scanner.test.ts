import { expect, test } from "vitest";
import { createStreamScanner } from "../../src/scan/stream-scanner.ts";
import { chatOptions, limits, scanAll, scanText } from "./scan-stream.ts";

const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const chunk = (delta: object, reason: string | null = null, more: object = {}) =>
  frame({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: reason }], ...more });
const say = (content: string) => chunk({ content });
const done = "data: [DONE]\n\n";
const usage = { prompt_tokens: 9, completion_tokens: 3 };

test("what passes whole is the very buffer that was read", () => {
  const scanner = createStreamScanner(chatOptions);
  for (const text of [say("a"), say("b") + say("c"), done]) {
    const bytes = Buffer.from(text);
    expect(scanner.scan(bytes)[0]).toBe(bytes);
  }
});

test("a frame waits for its end, and what it is part of does not", () => {
  const scanner = createStreamScanner(chatOptions);
  const [whole, cut] = [say("a"), say("b")];
  expect(Buffer.concat(scanner.scan(Buffer.from(whole + cut.slice(0, 20)))).toString()).toBe(whole);
  expect(scanner.scan(Buffer.from(cut.slice(20, 30)))).toEqual([]);
  expect(scanner.progress.text).toBe("a");
  expect(Buffer.concat(scanner.scan(Buffer.from(cut.slice(30)))).toString()).toBe(cut);
  expect(scanner.progress.text).toBe("ab");
});

test("U13: a role, an empty delta, comments and usage are no content", () => {
  const scanner = createStreamScanner(chatOptions);
  const early = [
    chunk({ role: "assistant", content: "" }),
    ": wait\n\n",
    chunk({}),
    frame({ choices: [], usage }),
  ];
  for (const text of early) {
    scanner.scan(Buffer.from(text));
    expect(scanner.progress.hasContent).toBe(false);
  }
  scanner.scan(Buffer.from(say("a")));
  expect(scanner.progress).toMatchObject({ hasContent: true, sawRole: true });
});

test.each([
  ["an error in a frame", frame({ error: { message: "no", code: "overloaded", status: 529 } })],
  ["an error as a sentence", frame({ error: "no" })],
  ["an event that is called one", 'event: error\ndata: {"message":"no"}\n\n'],
  ["an event that is called one and is no JSON", "event: error\ndata: no\n\n"],
  ["a list with an error", frame([{ error: { message: "no" } }])],
])("U19: %s is not passed on, and nothing after it", (_name, error) => {
  for (const before of ["", chunk({ role: "assistant" }), say("a")]) {
    const scanned = scanText(before + error + say("lost") + done);
    expect(scanned.passed).toBe(before);
    expect(scanned).toMatchObject({ isDone: false, fault: { outcome: "error_in_stream", message: "no" } });
  }
});

test("U19: a finish reason that means a failure is one", () => {
  expect(scanText(say("a") + chunk({}, "error") + done)).toMatchObject({
    passed: say("a"),
    finishReason: undefined,
    fault: { outcome: "error_in_stream" },
  });
});

test("U19: a response that failed is an error", () => {
  const failed = {
    type: "response.failed",
    response: { status: "failed", error: { code: "server_error", message: "no" } },
  };
  for (const value of [failed, { type: "error", code: "x", message: "no" }])
    expect(scanText(frame(value), { kind: "response" })).toMatchObject({
      passed: "",
      fault: { outcome: "error_in_stream", message: "no" },
    });
});

test("U20: frames that are no JSON are skipped and counted, and the stream ends properly", () => {
  const scanned = scanText(`${say("a")}data: {"choices":\n\ndata: ping\n\ndata:\n\n${say("b")}${done}`);
  expect(scanned).toMatchObject({
    passed: say("a") + say("b") + done,
    text: "ab",
    framesMalformed: 2,
    isDone: true,
    fault: undefined,
  });
});

test("U20: a stream in which hardly anything is JSON is none", () => {
  expect(scanText(say("a") + "data: ping\n\n".repeat(1000) + done)).toMatchObject({
    isDone: true,
    fault: undefined,
  });
  expect(scanText(say("a") + "data: ping\n\n".repeat(1001) + done).fault?.outcome).toBe("protocol_error");
});

test("U20: a last event that has only lost its blank line counts, a cut one does not", () => {
  for (const end of ["", "\n"]) {
    expect(scanText(`${say("a")}data: [DONE]${end}`)).toMatchObject({
      passed: say("a") + done,
      isDone: true,
    });
    expect(scanText(say("a") + chunk({}, "stop").trimEnd() + end)).toMatchObject({
      passed: say("a") + chunk({}, "stop"),
      finishReason: "stop",
    });
  }
  const cut = scanText(`${say("a")}${say("b").slice(0, -5)}`);
  expect(cut).toMatchObject({ passed: say("a"), text: "a", framesMalformed: 0, fault: undefined });
});

test("U20: a byte order mark is taken off, in one piece or three", () => {
  const bytes = Buffer.from(`\uFEFF${say("a")}`);
  for (const reads of [[bytes], [bytes.subarray(0, 1), bytes.subarray(1, 2), bytes.subarray(2)]])
    expect(scanAll(reads).passed.toString()).toBe(say("a"));
});

test("U24: bytes that are no UTF-8 pass as they are", () => {
  const bytes = Buffer.from(say("a?b") + say("c?d") + done);
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0x3f) bytes[at] = 0xff;
  const { passed, progress } = scanAll([bytes]);
  expect(passed.equals(bytes)).toBe(true);
  expect(progress).toMatchObject({ text: "a\ufffdbc\ufffdd", isDone: true, fault: undefined });
});

test("usage is taken out where the caller did not ask for it, and known all the same", () => {
  const hidden = { hideUsage: true };
  const inFrame = chunk({ content: "b" }, "stop", { usage, x: { usage: 1 } });
  const scanned = scanText(say("a") + inFrame + frame({ choices: [], usage }) + done, hidden);
  expect(scanned.usage).toEqual({ promptTokens: 9, completionTokens: 3 });
  expect(scanned.passed).toBe(say("a") + chunk({ content: "b" }, "stop", { x: { usage: 1 } }) + done);
  const asNull = chunk({ content: "a" }, null, { usage: null });
  expect(scanText(asNull, hidden).passed).toBe(asNull);
});

test("U38: usage that makes no sense is none, and hidden like any other", () => {
  for (const wrong of [{ prompt_tokens: -1 }, { completion_tokens: 1e308 }, { prompt_tokens: "9" }]) {
    const scanned = scanText(say("a") + frame({ choices: [], usage: wrong }) + done, { hideUsage: true });
    expect(scanned).toMatchObject({ passed: say("a") + done, usage: undefined });
  }
});

test("U25: an event that is too large is a fault, in one piece or many, with or without an end", () => {
  const small = { limits: { ...limits, eventBytesMax: 1000 } };
  for (const size of [1001, 5000]) {
    const text = say("a") + say("x".repeat(size)) + done;
    for (const reads of [
      [Buffer.from(text)],
      Buffer.from(text)
        .toString()
        .match(/[^]{1,7}/g)
        ?.map((cut) => Buffer.from(cut)) ?? [],
    ])
      expect(scanAll(reads, small).progress).toMatchObject({ text: "a", fault: { outcome: "too_large" } });
  }
  expect(scanText("x".repeat(2000), small).fault?.outcome).toBe("too_large");
  expect(scanText(" ".repeat(2000), small).fault?.outcome).toBe("too_large");
  const comments = Array.from({ length: 300 }, () => Buffer.from(": ping\n\n"));
  expect(scanAll(comments, small).progress.fault?.outcome).toBe("too_large");
});

test("U26: an answer that does not end is one that is too long", () => {
  const short = { limits: { ...limits, answerBytesMax: 100 } };
  for (const delta of [
    { content: "0123456789" },
    { reasoning: "0123456789" },
    { tool_calls: [{ index: 0, function: { arguments: "0123456789" } }] },
  ]) {
    const scanned = scanText(chunk(delta).repeat(20) + done, short);
    expect(scanned.fault?.outcome).toBe("too_large");
    expect(scanned.passed).toBe(chunk(delta).repeat(10));
  }
});

test("the text is kept up to its limit, and says when it was more", () => {
  const stream = say("abc") + say("de") + say("f😀") + done;
  expect(scanText(stream, { textCharsMax: 4 })).toMatchObject({
    text: "abcd",
    isTextCut: true,
    textChars: 7,
  });
  expect(scanText(stream, { textCharsMax: 8 })).toMatchObject({ text: "abcdef😀", isTextCut: false });
  expect(scanText(stream, { textCharsMax: 0 })).toMatchObject({ text: "", isTextCut: true, textChars: 7 });
});

test("U29: a page is no stream", () => {
  for (const page of ["<html>", "\r\n <!doctype html>", "\uFEFF<p>"])
    expect(scanText(page)).toMatchObject({ passed: "", fault: { outcome: "protocol_error" } });
});

test("U29: a completion in one piece becomes a stream, one that is an error does not", () => {
  const completion = {
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
    usage,
  };
  const scanned = scanText(JSON.stringify(completion, undefined, 1), { hideUsage: true });
  expect(scanned).toMatchObject({
    text: "Hi",
    finishReason: "stop",
    isDone: true,
    usage: { promptTokens: 9 },
    model: "m",
  });
  expect(scanned.passed).not.toContain("usage");
  expect(scanned.passed.endsWith(done)).toBe(true);
  for (const body of ['{"error":{"message":"no"}}', '[{"error":{"message":"no"}}]'])
    expect(scanText(body)).toMatchObject({
      passed: "",
      fault: { outcome: "error_in_stream", message: "no" },
    });
  for (const body of ["{}", '{"choices":[]}', '{"choices":[{"mess'])
    expect(scanText(body)).toMatchObject({ passed: "", fault: { outcome: "protocol_error" } });
});

test("U40: what a hostile upstream calls events does not reach the caller", () => {
  const hostile = `event: run-script\nid: 1\ndata: ${JSON.stringify({ do: "it" })}\n\nevent: x\ndata: ${say("a").slice(6)}`;
  expect(scanText(hostile + done).passed).toBe(say("a") + done);
  const response = 'event: response.new\nid: 7\ndata: {"type":"response.new"}\n\n';
  expect(scanText(response, { kind: "response" }).passed).toBe(response);
});

test("U40: names like those of prototypes are names", () => {
  const text = `data: {"__proto__":{"x":1},"choices":[{"index":0,"delta":{"__proto__":{},"content":"a"}}]}\n\n`;
  expect(scanText(text)).toMatchObject({ passed: text, text: "a" });
  expect(({} as { x?: unknown }).x).toBeUndefined();
});
