import { DomainError } from "@llm-backend/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJsonBody } from "./read-json.ts";

const read = (bytes: string | Buffer | undefined) => {
  try {
    return readJsonBody(bytes === undefined ? undefined : Buffer.from(bytes));
  } catch (error) {
    return DomainError.is(error) ? error.code : error;
  }
};

describe("readJsonBody", () => {
  it("reads the fields of any object", () => {
    const field = fc.string().filter((name) => name !== "__proto__");
    fc.assert(
      fc.property(fc.dictionary(field, fc.jsonValue({ maxDepth: 5 })), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes("__proto__"));
        expect({ ...(readJsonBody(Buffer.from(text)) as object) }).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([undefined, "", "null", "5", '"text"', "true", "[1,2]"])("finds no field in %j", (text) => {
    expect(read(text)).toEqual({});
  });

  it("begins with a byte order mark or without one", () => {
    expect(read('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it.each([" ", "{", "{'a':1}", '{"a":1}{}', "undefined", "\ufeff\ufeff{}", '{"a":01}', '{"a":"\n"}'])(
    "refuses what is no JSON: %j",
    (text) => {
      expect(read(text)).toBe("invalid_input");
    },
  );

  it.each([
    ["a lone byte", [0xff]],
    ["a character cut off", [0x22, 0xe4, 0xbd]],
    ["a surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00]],
  ])("refuses what is no UTF-8: %s", (_name, bytes) => {
    expect(read(Buffer.from(bytes))).toBe("invalid_input");
  });

  it.each([33, 1000, 1_000_000])("refuses %i levels", (depth) => {
    expect(read(`{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`)).toBe("invalid_input");
  });

  it("has no fields but its own", () => {
    const body = readJsonBody(Buffer.from('{"a":1}'));
    expect(body.constructor).toBeUndefined();
    expect(body.toString).toBeUndefined();
    expect(read('{"__proto__":{"message":"x"}}')).toBe("invalid_input");
  });
});
