import superjson, { type SuperJSONResult } from "superjson";
import { describe, expect, it } from "vitest";
import { wireTransformer } from "./wire-transformer.ts";

const values: readonly [name: string, value: unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["a text", "text"],
  ["an object with dates", { at: new Date(5), nested: { list: [new Date(6), 1, "x"] } }],
  ["an object with absent fields", { cursor: undefined, limit: 5 }],
  ["a list", [1, undefined, new Date(7)]],
  [
    "what superjson keeps",
    { map: new Map([["a", new Date(8)]]), set: new Set([1]), big: 5n, not: Number.NaN },
  ],
  ["names with dots", { "a.b": new Date(9), "c\\d": { e: new Date(10) } }],
];

/** As it arrives on the other side. */
const overTheWire = (value: unknown) => {
  const text = JSON.stringify(value);
  return JSON.parse(text) as SuperJSONResult;
};

describe("wireTransformer", () => {
  it.each(values)("carries %s there and back", (_name, value) => {
    const wire = overTheWire(wireTransformer.serialize(value));
    expect(wireTransformer.deserialize(wire)).toEqual(value);
  });

  it.each(values)("reads what superjson writes of %s", (_name, value) => {
    const wire = overTheWire(superjson.serialize(value));
    expect(wireTransformer.deserialize(wire)).toEqual(value);
  });

  it("writes pieces of an answer as superjson would, without asking it", () => {
    for (const type of ["text-delta", "reasoning-delta"]) {
      const event = { type, text: "a\u2028\n\u{1f600}" };
      expect(wireTransformer.serialize(event)).toEqual(superjson.serialize(event));
    }
  });

  it("takes no input for none", () => {
    expect(wireTransformer.deserialize(undefined)).toBeUndefined();
  });

  it.each([
    ["symbol", { a: ["symbol", "x"] }],
    ["class", { a: ["class", "User"] }],
    ["text", "x"],
    ["number", 5],
    ["a list too long", { a: ["Date", {}, {}] }],
    ["an empty list", { a: [] }],
    ["children that are a list", { a: ["map", ["Date"]] }],
    ["a text deep inside", { a: ["map", { b: ["map", { c: "x" }] }] }],
  ])("refuses annotations that are none: %s", (_name, annotations) => {
    const wire = { json: { a: "x" }, meta: { values: annotations } } as unknown as SuperJSONResult;
    expect(() => wireTransformer.deserialize(wire)).toThrow("The input is not encoded as it must be.");
  });

  it.each([["__proto__"], ["constructor.prototype"], ["a.__proto__.b"]])(
    "lets no annotation reach a prototype: %s",
    (path) => {
      const wire = JSON.parse(
        `{"json":{"a":{}},"meta":{"values":{"${path}":["Date"]},"referentialEqualities":{"a":["${path}"]}}}`,
      ) as SuperJSONResult;
      expect(() => wireTransformer.deserialize(wire)).toThrow(/./);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );
});
