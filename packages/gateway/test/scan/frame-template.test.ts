import fc from "fast-check";
import { expect, test } from "vitest";
import { readFrameLines } from "../../src/scan/frame-lines.ts";
import { readChatMeaning } from "../../src/scan/frame-meaning.ts";
import type { FrameTemplate } from "../../src/scan/frame-template.ts";
import { learnTemplate } from "../../src/scan/template-learner.ts";
import { countChars } from "../../src/scan/text-store.ts";

const parse = (data: string | undefined) => {
  try {
    return readChatMeaning(JSON.parse(data ?? ""), false);
  } catch {
    return undefined;
  }
};

function learn(text: string): FrameTemplate | undefined {
  const frame = Buffer.from(text);
  const lines = readFrameLines(frame, 0, frame.length);
  const meaning = parse(lines.data);
  return meaning && learnTemplate({ frame, lines, meaning, read: parse });
}

/** What a template reads of bytes that begin with a frame; undefined when it does not take it. */
function match(
  template: FrameTemplate,
  text: string,
): { text: string; chars: number; rest: string } | undefined {
  const bytes = Buffer.from(text);
  const end = template.match(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
  if (end === -1) return undefined;
  const raw = bytes.toString("utf8", template.from, template.to);
  return { text: JSON.parse(`"${raw}"`) as string, chars: template.chars, rest: bytes.toString("utf8", end) };
}

const frame = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ id: "c", created: 1, choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;

test("takes the frames that it is there for", () => {
  const template = learn(frame({ content: "first" }, { obfuscation: "abc" })) as FrameTemplate;
  for (const content of [
    "",
    "second",
    "中文 😀",
    '"',
    "\\",
    "\n",
    "\ud83d",
    "\ude00",
    "\u2028",
    "x".repeat(1000),
  ]) {
    const other = frame({ content }, { obfuscation: "x".repeat(content.length), created: 1234567890 });
    expect(match(template, `${other}rest`)).toEqual({
      text: content,
      chars: countChars(content),
      rest: "rest",
    });
  }
});

test.each([
  ["another field", frame({ content: "x", role: "assistant" })],
  ["a finish reason", frame({ content: "x" }).replace("null", '"stop"')],
  ["a cut frame", frame({ content: "x" }).slice(0, -1)],
  ["a bare control character", frame({ content: "x" }).replace('"x"', '"\u0001"')],
  ["an escape that is none", frame({ content: "x" }).replace('"x"', '"\\x"')],
  ["an escape that is cut", frame({ content: "x" }).replace('"x"', '"\\u12"')],
  ["a number with a leading zero", frame({ content: "x" }).replace('"created":1', '"created":01')],
  ["no number", frame({ content: "x" }).replace('"created":1', '"created":')],
  ["two objects", frame({ content: "x" }).replace('"x"', '"x"}}{"')],
])("leaves %s to the parser", (_name, other) => {
  expect(match(learn(frame({ content: "first" })) as FrameTemplate, other)).toBeUndefined();
});

test.each([
  ["reasoning", { reasoning_content: "first" }, { reasoning_content: "second" }],
  [
    "arguments",
    { tool_calls: [{ index: 0, function: { arguments: "first" } }] },
    { tool_calls: [{ index: 0, function: { arguments: "second" } }] },
  ],
])("takes %s too", (_name, one, other) => {
  expect(match(learn(frame(one)) as FrameTemplate, frame(other))?.text).toBe("second");
});

test.each([
  ["text that stands in another place than it seems", frame({}, { content: "first" })],
  ["two kinds at once", frame({ content: "first", reasoning: "first" })],
  ["a frame with usage", frame({ content: "first" }, { usage: { prompt_tokens: 1 } })],
  ["text with escapes", frame({ content: "fir\nst" })],
  [
    "a frame that ends in a CR, which may be half of a line end",
    frame({ content: "first" }).replaceAll("\n", "\r"),
  ],
  ["a frame with other lines", `id: 1\n: x\n${frame({ content: "first" })}`],
])("does not learn from %s", (_name, text) => {
  expect(learn(text)).toBeUndefined();
});

const anyText = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom("first", '"', '","content":"x', "\\"),
);
const anyFrame = fc
  .record({
    extra: fc.constantFrom(
      {},
      { usage: null },
      { content: "decoy" },
      { 'content":"': "x" },
      { obfuscation: "content" },
      { created: 7 },
    ),
    delta: fc.constantFrom(
      {},
      {},
      { role: "assistant" },
      { reasoning: "r" },
      { refusal: "no" },
      { content2: "x" },
    ),
    index: fc.constantFrom(0, 0, 0, 1),
    gap: fc.constantFrom("", " "),
  })
  .map(({ extra, delta, index, gap }) => (content: string) => {
    const text = JSON.stringify({ id: "c", choices: [{ index, delta: { ...delta, content } }], ...extra });
    return `data: ${text.replace('"content":', `"content":${gap}`)}\n\n`;
  });

test("reads what the parser reads, or nothing", () => {
  let taken = 0;
  fc.assert(
    fc.property(anyFrame, anyFrame, fc.array(anyText, { maxLength: 10 }), (one, other, texts) => {
      const template = learn(one("first"));
      if (template === undefined) return;
      for (const text of texts.flatMap((content) => [one(content), other(content)])) {
        const matched = match(template, text);
        if (matched === undefined) continue;
        taken++;
        const choice = parse(text.slice(6))?.choices[0];
        expect(matched).toEqual({
          text: choice?.[template.field],
          chars: countChars(matched.text),
          rest: "",
        });
        expect(choice).toMatchObject({ index: 0, finishReason: undefined, hasToolCalls: false });
      }
    }),
    { numRuns: 1000 },
  );
  expect(taken).toBeGreaterThan(1000);
});
