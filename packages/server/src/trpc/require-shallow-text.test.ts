import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requireShallowText } from "./require-shallow-text.ts";

/** Short texts are not looked at. */
const long = " ".repeat(5_000);
const requireShallow = (text: string) => requireShallowText(text + long);
const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

describe("requireShallowText", () => {
  it("takes forty levels and no more, closed or not", () => {
    expect(() => requireShallow(nested(40))).not.toThrow();
    for (const text of [
      nested(41),
      "[".repeat(41),
      '{"a":'.repeat(41),
      `{"a":[${"[{}],".repeat(9)}${nested(40)}`,
    ])
      expect(() => requireShallow(text)).toThrow("nested too deeply");
  });

  it("does not count what stands in strings, however they end", () => {
    for (const text of [
      JSON.stringify({ a: nested(100), b: '"'.repeat(50) + nested(100) }),
      JSON.stringify(["\\", nested(100), '\\\\"', nested(100)]),
      `"${"[".repeat(100)}`,
      `["\\`,
    ])
      expect(() => requireShallow(text)).not.toThrow();
  });

  it("takes any JSON of few levels", () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => requireShallow(JSON.stringify(value))));
  });
});
