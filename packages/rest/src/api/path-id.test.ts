import { DomainError } from "@llm-backend/contract";
import { describe, expect, it } from "vitest";
import { readPathId } from "./path-id.ts";

const read = (text: string | undefined) => {
  try {
    return readPathId(text);
  } catch (error) {
    return DomainError.is(error) ? error.code : error;
  }
};

describe("readPathId", () => {
  it.each([
    ["1", 1],
    ["+5", 5],
    ["007", 7],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("reads %s", (text, id) => {
    expect(read(text)).toBe(id);
  });

  it.each(["0", "-1", "-0", "9007199254740992", "9".repeat(1000)])(
    "finds nothing under the integer %s",
    (text) => {
      expect(read(text)).toBe("not_found");
    },
  );

  it.each([
    undefined,
    "",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x1",
    "abc",
    "1a",
    "--1",
    "+",
    "\u0661",
    "\uff11",
    "1\n",
    "Infinity",
  ])("takes %j for no integer", (text) => {
    expect(read(text)).toBe("invalid_input");
  });
});
