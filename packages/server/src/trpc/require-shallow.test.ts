import { DomainError } from "@llm-backend/contract";
import { describe, expect, it } from "vitest";
import { requireShallow } from "./require-shallow.ts";

const nestLists = (depth: number) => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`) as unknown;
const nestObjects = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`) as unknown;

const codeOf = (work: () => void) => {
  try {
    work();
  } catch (error) {
    return DomainError.is(error) ? error.code : error;
  }
  return undefined;
};

describe("requireShallow", () => {
  it.each([1, 10, 32])("takes %i levels", (depth) => {
    expect(codeOf(() => requireShallow(nestLists(depth)))).toBeUndefined();
    expect(codeOf(() => requireShallow(nestObjects(depth)))).toBeUndefined();
  });

  it.each([34, 100, 10_000, 1_000_000])("refuses %i levels", (depth) => {
    expect(codeOf(() => requireShallow(nestLists(depth)))).toBe("invalid_input");
    expect(codeOf(() => requireShallow(nestObjects(depth)))).toBe("invalid_input");
  });

  it.each([null, undefined, 5, "text", true, [], {}, [[1], { a: null }]])("takes %j", (value) => {
    expect(codeOf(() => requireShallow(value))).toBeUndefined();
  });

  it("looks at values as wide as a body can be", () => {
    const wide = Array.from({ length: 500_000 }, () => [0]);
    expect(codeOf(() => requireShallow(wide))).toBeUndefined();
  });

  it.each(['{"__proto__":1}', '{"a":[{"__proto__":{"b":1}}]}'])(
    "refuses a field named __proto__: %s",
    (json) => {
      expect(codeOf(() => requireShallow(JSON.parse(json)))).toBe("invalid_input");
    },
  );
});
