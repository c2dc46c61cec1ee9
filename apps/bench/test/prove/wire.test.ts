import { expect, it } from "vitest";
import { createOffsets } from "../../src/prove/resume/offsets.ts";
import { readQuestion, toAnswer, toQuestion, toToken } from "../../src/prove/stage/signed-answer.ts";
import { join, silence } from "../../src/prove/wire/heard.ts";
import { readFrames, toTextFrame } from "../../src/prove/wire/read-frames.ts";
import { readHttp, readSentEvents } from "../../src/prove/wire/read-http.ts";

const body = 'id: run_1:2\nevent: message\ndata: {"é":"漢🙂"}\n\n: ping\n\ndata: last\n\n';

/** An answer whose chunks are cut in the middle of characters. */
function toChunked(text: string, size: number): Buffer {
  const bytes = Buffer.from(text);
  const pieces = [Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")];
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}

it("reads a prefix of the same events wherever an answer is cut", () => {
  const bytes = toChunked(body, 7);
  const whole = readSentEvents(readHttp(bytes).body);
  expect(whole).toEqual([
    { id: "run_1:2", event: "message", data: '{"é":"漢🙂"}' },
    { id: undefined, event: "message", data: "last" },
  ]);
  expect(readHttp(bytes)).toMatchObject({ status: 200, isComplete: true });
  for (let cut = 0; cut < bytes.length; cut++) {
    const events = readSentEvents(readHttp(bytes.subarray(0, cut)).body);
    expect(events).toEqual(whole.slice(0, events.length));
  }
});

it("reads a prefix of the same messages wherever a WebSocket is cut", () => {
  const head = Buffer.from("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n");
  const texts = ["é", "x".repeat(300), "漢🙂"];
  const frames = texts.map((text) => {
    const payload = Buffer.from(text);
    const { length } = payload;
    return Buffer.concat([
      Buffer.from(length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255]),
      payload,
    ]);
  });
  const bytes = Buffer.concat([head, ...frames]);
  expect(readFrames(bytes)).toEqual({ status: 101, messages: texts });
  for (let cut = 0; cut < bytes.length; cut++) {
    const { messages } = readFrames(bytes.subarray(0, cut));
    expect(messages).toEqual(texts.slice(0, messages.length));
  }
});

it("masks what a client sends", () => {
  const frame = toTextFrame("hello");
  const mask = frame.subarray(2, 6);
  const text = Buffer.from(frame.subarray(6).map((byte, index) => byte ^ (mask[index % 4] as number)));
  expect([frame[0], frame[1], text.toString()]).toEqual([0x81, 0x85, "hello"]);
});

it("leaves no offset out", () => {
  for (const [bytes, cuts] of [
    [2629, 24_000],
    [97, 600],
    [2, 5],
  ] as const) {
    const offsets = createOffsets(bytes, cuts);
    const seen = new Set(Array.from({ length: bytes }, () => offsets.next()));
    expect(seen.size).toBe(bytes);
    expect(Math.max(...seen)).toBe(bytes - 1);
  }
});

it("joins what was heard, and begins anew behind a reset", () => {
  const before = { ...silence, text: "ab", lastEventId: "run_1:2" };
  expect(join(before, { ...silence, text: "c", end: "done", endings: 1 })).toMatchObject({
    text: "abc",
    end: "done",
    endings: 1,
    lastEventId: "run_1:2",
  });
  expect(join(before, { ...silence, text: "x", isReset: true }).text).toBe("x");
  expect(join({ ...before, end: "interrupted" }, { ...silence, end: "done" }).end).toBe("interrupted");
});

it("asks for answers that are known by their question", () => {
  const plan = { stream: "s1", tokens: 3, everyMs: 5 };
  expect(readQuestion(toQuestion(plan))).toEqual(plan);
  expect(readQuestion("Hello!")).toBeUndefined();
  expect(toAnswer(plan)).toBe([0, 1, 2].map((index) => toToken(plan, index)).join(""));
  expect(toAnswer(plan)).not.toBe(toAnswer({ ...plan, stream: "s2" }));
});
