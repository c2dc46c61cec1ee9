import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { storableLine, storableText } from "./text.ts";

const accepts = (schema: ReturnType<typeof storableText>, text: unknown) => schema.safeParse(text).success;

describe("storableText", () => {
  it("takes every well-formed text without a NUL, and leaves it as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!text.includes("\0"));
        expect(storableText(1000).parse(text)).toBe(text);
      }),
    );
  });

  it.each(["\0", "a\0b", "\ud83d", "\ude00", "a\ud83d b", "\ude00\ud83d"])(
    "refuses %j, which not every database can store",
    (text) => {
      expect(accepts(storableText(10), text)).toBe(false);
    },
  );

  it("refuses halves of characters wherever they stand", () => {
    const half = fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit));
    const whole = fc.string({ unit: "grapheme", maxLength: 5 });
    fc.assert(
      fc.property(whole, half, whole, (before, unit, after) => {
        expect(accepts(storableText(100), before + unit + after)).toBe(false);
      }),
    );
  });

  it("counts characters, not their UTF-16 code units, from the least to the most", () => {
    expect(accepts(storableText(2), "😀😀")).toBe(true);
    expect(accepts(storableText(1), "😀😀")).toBe(false);
    expect(accepts(storableText(9, 3), "😀😀")).toBe(false);
    expect(accepts(storableText(3), "")).toBe(true);
    expect(accepts(storableText(3, 1), "")).toBe(false);
  });

  it.each([1, null, undefined, ["a"], { toString: () => "a" }])("takes no %o for a text", (value) => {
    expect(accepts(storableText(10), value)).toBe(false);
  });
});

describe("storableLine", () => {
  const line = storableLine(100);

  it.each(["a", "Ünïcödé", "漢字", "👩‍👩‍👧", "עברית", "a\u200fb", " a ", "x".repeat(100)])("takes %j", (text) => {
    expect(line.parse(text)).toBe(text);
  });

  it.each([
    "",
    " ",
    "\u00a0\u3000",
    "\u200b",
    "\u2800",
    "\ufe0f\u034f",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\u0000b",
    "a\u001bb",
    "a\u007fb",
    "a\u0085b",
    "a\u2028b",
    "a\u2029b",
    "a\u202eb",
    "a\u2066b\u2069",
    "\ud800",
    "x".repeat(101),
  ])("refuses %j", (text) => {
    expect(accepts(line, text)).toBe(false);
  });

  it("never takes what would be shown as more than one line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // `.` stands for any character but a line break.
        expect(!accepts(line, text) || /^.+$/u.test(text)).toBe(true);
      }),
    );
  });
});
