import { finish, renderBody, role, say, think, toFrame, type Step } from "@llm-backend/testing/fake-upstream";
import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readChunk } from "../src/answer/chunk.ts";
import { cutBytes, readAnswer } from "./read-answer.ts";

/** Any text that a JSON string can hold: quotes, line feeds, CJK, emoji, controls, and halves of surrogate pairs. */
const anyText = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      '"',
      "\\",
      "\n",
      "\r",
      "\t",
      "\0",
      "\u2028",
      "中",
      "é",
      "😀",
      "\ud83d",
      "\ude00",
      "{",
      "}",
      "a",
    ),
  }),
);
const anyAnswer = fc.array(
  fc.oneof(
    anyText.map((text) => say(text)),
    anyText.map((text) => think(text)),
  ),
  { maxLength: 12 },
);

const expectedOf = (steps: readonly Step[], as: "content" | "reasoning_content") =>
  steps
    .flatMap((step) => (step.do === "say" && step.as === as ? step.pieces : []))
    .join("")
    .toWellFormed();

test("U23: any text is the same text, however it is cut", () => {
  fc.assert(
    fc.property(anyAnswer, fc.array(fc.nat(), { maxLength: 20 }), (steps, seeds) => {
      const bytes = renderBody([role(), ...steps, finish()]);
      const reads = readAnswer(
        cutBytes(
          bytes,
          seeds.map((seed) => seed % bytes.length),
        ),
      );
      expect(reads.text).toBe(expectedOf(steps, "content"));
      expect(reads.reasoning).toBe(expectedOf(steps, "reasoning_content"));
      expect(reads).toMatchObject({
        isDone: true,
        finishReason: "stop",
        fault: undefined,
        framesMalformed: 0,
      });
    }),
    { numRuns: 500 },
  );
});

test("U23: a text with everything in it is the same text, cut at every byte, once and twice", () => {
  const steps = [
    say(['He said: "ü', "\n中文\\n", "😀\ud83d"]),
    say(["\ude00 done\r\n"]),
    think("\ud83e\udd14?"),
  ];
  const bytes = renderBody([role(), ...steps, finish()]);
  const expected = [expectedOf(steps, "content"), expectedOf(steps, "reasoning_content")];
  for (let offset = 0; offset <= bytes.length; offset++) {
    const once = readAnswer(cutBytes(bytes, [offset]));
    expect([once.text, once.reasoning]).toEqual(expected);
    const twice = readAnswer(cutBytes(bytes, [offset, (offset * 7) % bytes.length]));
    expect([twice.text, twice.reasoning]).toEqual(expected);
  }
  const single = readAnswer(Array.from(bytes, (byte) => Buffer.of(byte)));
  expect([single.text, single.reasoning]).toEqual(expected);
});

test("U15, U16: what was read of an answer that is cut anywhere is the beginning of it, and no end unless it was one", () => {
  fc.assert(
    fc.property(anyAnswer, fc.nat(), (steps, seed) => {
      const bytes = renderBody([role(), ...steps, finish()]);
      const offset = seed % bytes.length;
      const reads = readAnswer([bytes.subarray(0, offset)]);
      const whole = expectedOf(steps, "content");
      // The half of a pair whose other half was cut off is shown as a replacement character.
      expect(whole.startsWith(reads.text.replace(/\ufffd$/, ""))).toBe(true);
      expect(reads.finishReason === undefined || reads.text === whole).toBe(true);
      expect(reads.isDone).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test("U20, U21, U22: finds the same events as the parser alone, whatever the bytes", () => {
  const line = fc.oneof(
    anyText.map((text) => `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}`),
    fc.constantFrom(
      "",
      "",
      "data:",
      ": comment",
      "event: x",
      "id: 1",
      "retry: 3",
      "data",
      "foo: bar",
      "data: 5",
      "data: null",
    ),
  );
  const stream = fc.array(
    fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r")).map(([text, end]) => text + end),
  );
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (lines, seeds) => {
      const text = `: first\n${lines.join("")}`;
      let plain = "";
      const parser = createParser({
        // Data of several lines may be no JSON.
        onEvent: ({ data }) => {
          plain += parseChunk(data)?.text ?? "";
        },
      });
      parser.feed(text.toWellFormed());
      const bytes = Buffer.from(text);
      const reads = readAnswer(
        cutBytes(
          bytes,
          seeds.map((seed) => seed % bytes.length),
        ),
      );
      // A frame that was meant as an object and is none ends the answer there.
      const expected = reads.fault === undefined ? plain : plain.slice(0, reads.text.length);
      expect(reads.text).toBe(expected.toWellFormed());
    }),
    { numRuns: 500 },
  );
});

test("an answer that teaches templates and one that cannot are the same answer", () => {
  const plain = Array.from({ length: 100 }, (_, index) => `${index} `);
  const frames = plain.map((content, index) =>
    toFrame(JSON.stringify({ choices: [{ delta: { content } }], created: index })),
  );
  expect(readAnswer([Buffer.from(frames.join("") + toFrame("[DONE]"))]).text).toBe(plain.join(""));
  expect(readAnswer([renderBody([say(plain), finish()])]).text).toBe(plain.join(""));
});

function parseChunk(data: string) {
  try {
    return readChunk(JSON.parse(data));
  } catch {
    return undefined;
  }
}
