import fc from "fast-check";
import { expect, test } from "vitest";
import { createStreamJoiner, type JoinOptions } from "../../src/join/stream-joiner.ts";
import { scanAll } from "../scan/scan-stream.ts";

const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const chunk = (delta: object, reason: string | null = null, more: object = {}) =>
  frame({ id: "second", choices: [{ index: 0, delta, finish_reason: reason, ...more }] });
const say = (content: string) => chunk({ content });
const think = (reasoning: string) => chunk({ reasoning_content: reasoning });
const role = chunk({ role: "assistant", content: "" });
const stop = `${chunk({}, "stop")}data: [DONE]\n\n`;

type Had = Partial<JoinOptions>;

/** What a caller gets of a second stream that comes in these pieces, and how the joining ended. */
function join(had: Had, ...pieces: readonly string[]) {
  const joiner = createStreamJoiner({ kind: "chat", mode: "exact", text: "", reasoning: "", ...had });
  const passed = pieces.flatMap((piece) =>
    joiner.state === "joining" ? joiner.join([Buffer.from(piece)]) : [Buffer.from(piece)],
  );
  if (joiner.state === "differs") return { state: joiner.state, passed: "" };
  return { passed: Buffer.concat([...passed, ...joiner.end()]).toString(), state: joiner.state };
}

test("swallows what repeats and goes on behind it", () => {
  expect(join({ text: "Hello wor" }, role, say("Hello"), say(" world"), say("!"), stop)).toEqual({
    state: "joined",
    passed: chunk({ content: "ld" }) + say("!") + stop,
  });
  expect(join({ text: "Hello" }, role + say("Hello") + say(" world") + stop)).toEqual({
    state: "joined",
    passed: say(" world") + stop,
  });
});

test("bytes pass untouched from the end of the repetition on", () => {
  const odd = `: ping\r\ndata:${JSON.stringify({ choices: [{ delta: { content: "!" } }] })}\r\n\r\n`;
  expect(join({ text: "ab" }, say("a") + say("b") + odd).passed).toBe(odd);
});

test("passes nothing of a stream with another text", () => {
  for (const pieces of [
    [say("Hullo")],
    [say("Hel"), say("p")],
    [role, say("x")],
    [say("Hello"), say(" World")],
  ])
    expect(join({ text: "Hello world" }, ...pieces, stop)).toEqual({ state: "differs", passed: "" });
});

test("a stream that ends before it has repeated everything differs", () => {
  for (const ending of [stop, "data: [DONE]\n\n", chunk({ content: "llo" }, "length"), ""])
    expect(join({ text: "Hello world" }, say("He"), ending).state).toBe("differs");
  expect(join({ text: "Hello" }, say("Hello"), stop)).toEqual({ state: "joined", passed: stop });
  expect(join({ text: "Hello" }, say("He"), chunk({ content: "llo" }, "stop"))).toEqual({
    state: "joined",
    passed: chunk({ content: "" }, "stop"),
  });
});

test("comments keep the connection alive while it repeats", () => {
  expect(join({ text: "ab" }, ": wait\n\n", say("a"), ": wait\n\n", say("bc")).passed).toBe(
    `: wait\n\n: wait\n\n${say("c")}`,
  );
});

test("reasoning is repeated like text", () => {
  expect(join({ reasoning: "Hm, s" }, role, think("Hm"), think(", so"), say("Yes")).passed).toBe(
    think("o") + say("Yes"),
  );
  expect(join({ reasoning: "Hm", text: "Ye" }, think("Hm"), say("Yes")).passed).toBe(say("s"));
  expect(join({ reasoning: "Hm", text: "Ye" }, think("Hm!"), say("Yes")).state).toBe("differs");
  expect(join({ reasoning: "Hm", text: "Ye" }, say("Yes")).state).toBe("differs");
  expect(join({ text: "Ye" }, think("Hm"), say("Yes")).state).toBe("differs");
});

test("cuts a frame that brings both, and one whose content comes in parts", () => {
  const both = chunk({ reasoning_content: "m", reasoning: "m", content: "Yes" });
  expect(join({ reasoning: "Hm", text: "Y" }, think("H"), both).passed).toBe(
    chunk({ content: "es", reasoning_content: "", reasoning: "" }),
  );
  const parts = chunk({
    content: [
      { type: "thinking", thinking: [{ type: "text", text: "Hm" }] },
      { type: "text", text: "Yes" },
    ],
  });
  expect(join({ reasoning: "Hm", text: "Y" }, parts).passed).toBe(
    chunk({
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "" }] },
        { type: "text", text: "es" },
      ],
    }),
  );
  expect(join({ text: "N" }, chunk({ refusal: "No" })).passed).toBe(chunk({ refusal: "o" }));
});

test("tool calls and other choices are never glued", () => {
  const call = chunk({ tool_calls: [{ index: 0, function: { name: "f", arguments: "{" } }] });
  expect(join({ text: "Hello" }, say("He"), call).state).toBe("differs");
  expect(join({ text: "Hello" }, say("Hello"), call).passed).toBe(call);
  expect(join({ text: "Hello" }, chunk({ content: "Hello" }, null, { index: 1 })).state).toBe("differs");
});

test("joins text completions and responses too", () => {
  const word = (text: string) => frame({ choices: [{ index: 0, text, finish_reason: null }] });
  expect(join({ kind: "completion", text: "Hel" }, word("He"), word("llo")).passed).toBe(word("lo"));
  const event = (delta: string) =>
    `event: response.output_text.delta\ndata: ${JSON.stringify({ type: "response.output_text.delta", delta })}\n\n`;
  expect(join({ kind: "response", text: "Hel" }, event("He"), event("llo"), event("!")).passed).toBe(
    event("lo") + event("!"),
  );
});

test("continues where the answer stopped, and leaves the role out", () => {
  expect(join({ mode: "continue", text: "Hello" }, role, say(" world"), stop)).toEqual({
    state: "joined",
    passed: say(" world") + stop,
  });
  // What begins like the answer so far is not taken for a repetition of it, unless all of it comes again.
  const text = "The cat sat on the mat. ";
  expect(join({ mode: "continue", text }, role, say("The cat"), say(" slept."), stop).passed).toBe(
    say("The cat") + say(" slept.") + stop,
  );
  expect(join({ mode: "continue", text }, say("The cat"), stop).passed).toBe(say("The cat") + stop);
  expect(join({ mode: "continue", text }, say("The cat")).passed).toBe(say("The cat"));
  expect(join({ mode: "continue", text: "ha" }, say("ha"), stop).passed).toBe(say("ha") + stop);
});

test("takes a prefill off that a server sends again", () => {
  const text = "The cat sat on the mat. ";
  expect(join({ mode: "continue", text }, role, say(`${text}It slept.`), stop)).toEqual({
    state: "joined",
    passed: say("It slept.") + stop,
  });
  expect(
    join({ mode: "continue", text }, say("The cat sat"), say(" on the mat. It"), say(" slept."), stop).passed,
  ).toBe(say("It") + say(" slept.") + stop);
});

const anyText = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom('"', "\\", "\n", "中", "😀", "\ud83d", "\ude00", "a", "b") }),
);

/** A text in pieces of UTF-16 units: halves of pairs come apart. */
const cutText = (text: string, seeds: readonly number[]): string[] => {
  const cuts = [
    0,
    ...seeds.map((seed) => seed % (text.length + 1)).toSorted((one, other) => one - other),
    text.length,
  ];
  return cuts.slice(1).map((end, index) => text.slice(cuts[index], end));
};
const anyCuts = fc.array(fc.nat(), { maxLength: 12 });
const streamOf = (reasoning: readonly string[], text: readonly string[]): string =>
  role + reasoning.map(think).join("") + text.map(say).join("") + stop;

test("U15, U16: whatever the text, its pieces and the place of the break, the caller gets the text", () => {
  fc.assert(
    fc.property(anyText, anyText, anyCuts, anyCuts, fc.nat(), (text, reasoning, one, other, seed) => {
      const first = Buffer.from(streamOf(cutText(reasoning, one), cutText(text, one)));
      const broken = scanAll([first.subarray(0, seed % first.length)]);
      if (broken.progress.finishReason !== undefined) return;
      const { text: had, reasoning: hadReasoning } = broken.progress;
      const second = scanAll([Buffer.from(streamOf(cutText(reasoning, other), cutText(text, other)))]);
      const rest = join(
        { text: had, reasoning: hadReasoning },
        ...second.passed.toString().split(/(?<=\n\n)/),
      );
      expect(rest.state).toBe("joined");
      const all = scanAll([broken.passed, Buffer.from(rest.passed)]).progress;
      expect(all).toMatchObject({ text, reasoning, finishReason: "stop", isDone: true });
    }),
    { numRuns: 1000 },
  );
});

test("U16: not a character passes of a stream that differs in one", () => {
  fc.assert(
    fc.property(
      anyText.filter((text) => text !== ""),
      anyCuts,
      fc.nat(),
      fc.constantFrom("x", "\ud83d", "\ude00", ""),
      (text, cuts, seed, put) => {
        const at = seed % text.length;
        const changed = text.slice(0, at) + put + text.slice(at + 1);
        // Taking one of several equal characters at the end off, or putting the same one in, is no difference but an end.
        fc.pre(!changed.startsWith(text));
        const { passed } = join({ text }, ...cutText(changed, cuts).map(say), stop);
        expect(passed).toBe("");
      },
    ),
    { numRuns: 1000 },
  );
});
