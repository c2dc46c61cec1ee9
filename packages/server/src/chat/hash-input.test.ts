import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashInput } from "./hash-input.ts";

describe("hashInput", () => {
  const field = fc.option(fc.oneof(fc.string(), fc.integer(), fc.constant(undefined)), { nil: null });

  it("is the same for the same input, and for no other", () => {
    const input = fc.tuple(fc.constantFrom("send", "edit"), fc.array(field, { maxLength: 4 }));
    fc.assert(
      fc.property(input, input, (one, other) => {
        expect(hashInput(...one)).toBe(hashInput(...one));
        const isSame = JSON.stringify(toMarked(one)) === JSON.stringify(toMarked(other));
        expect(hashInput(...one) === hashInput(...other)).toBe(isSame);
      }),
    );
  });

  it.each([
    [
      ["a", "b"],
      ["ab", ""],
    ],
    [
      ["a", null],
      ["a", undefined],
    ],
    [["1"], [1]],
    [["a"], ["a", undefined]],
    [["\u00e9"], ["e\u0301"]],
  ])("tells %j from %j", (one, other) => {
    expect(hashInput("send", one)).not.toBe(hashInput("send", other));
  });

  it("tells one kind of request from another", () => {
    expect(hashInput("send", ["a"])).not.toBe(hashInput("edit", ["a"]));
  });
});

/** JSON has no word for what was not given. */
function toMarked([kind, fields]: [string, (string | number | null | undefined)[]]): unknown {
  return [kind, fields.map((field) => (field === undefined ? { absent: true } : field))];
}
