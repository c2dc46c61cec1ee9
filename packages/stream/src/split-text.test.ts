import * as fc from "fast-check";
import { expect, it } from "vitest";
import { splitText } from "./split-text.ts";

it("cuts between characters, never within one, and loses nothing", () => {
  const cases = fc
    .string({ unit: "binary", maxLength: 40 })
    .chain((text) => fc.tuple(fc.constant(text), fc.nat(text.length)));
  fc.assert(
    fc.property(cases, ([text, units]) => {
      const [head, tail] = splitText(text, units);
      expect(head + tail).toBe(text);
      expect(head.isWellFormed() && tail.isWellFormed()).toBe(true);
      expect([units, units - 1]).toContain(head.length);
    }),
  );
});

it("cuts in front of a pair whose middle was asked for", () => {
  expect(splitText("a😀b", 2)).toEqual(["a", "😀b"]);
});

it("cuts beside surrogates that stand alone exactly where it was asked to", () => {
  expect(splitText("\udc00\ud800", 1)).toEqual(["\udc00", "\ud800"]);
  expect(splitText("\ud800\ud800", 1)).toEqual(["\ud800", "\ud800"]);
});
