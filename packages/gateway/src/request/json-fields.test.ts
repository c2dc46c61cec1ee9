import fc from "fast-check";
import { expect, test } from "vitest";
import { findObjectFault, locateFields, readField } from "./json-fields.ts";

/** Blanks of every kind, where JSON allows them. */
const anyBlank = fc.constantFrom("", "", " ", "\n", "\r\n\t", "   ");
const names = ["model", "stream", "a", "__proto__", "é"];
const anyKey = fc.oneof(fc.constantFrom(...names), fc.string({ unit: "grapheme", maxLength: 6 }));

/** A key in one of its spellings: plain, or with characters as escapes. */
const spell = (key: string, escaped: boolean): string =>
  escaped
    ? `"${Array.from({ length: key.length }, (_, index) => `\\u${key.charCodeAt(index).toString(16).padStart(4, "0")}`).join("")}"`
    : JSON.stringify(key);

const anyValue = fc
  .tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 1, "\t"))
  .map(([value, indent]) => JSON.stringify(value, undefined, indent));

const anyObject = fc
  .tuple(
    fc.array(fc.tuple(anyKey, fc.boolean(), anyValue, fc.array(anyBlank, { minLength: 4, maxLength: 4 }))),
    anyBlank,
  )
  .map(
    ([members, blank]) =>
      `${blank}{${blank}${members
        .map(
          ([key, escaped, value, [b0, b1, b2, b3]]) => `${b0}${spell(key, escaped)}${b1}:${b2}${value}${b3}`,
        )
        .join(",")}}${blank}`,
  );

test("finds what JSON.parse finds, in any object", () => {
  fc.assert(
    fc.property(anyObject, (text) => {
      const bytes = Buffer.from(text);
      const layout = locateFields(bytes, ["model", "stream", "a", "__proto__"]);
      const parsed = new Map(Object.entries(JSON.parse(text) as object));
      expect(layout?.isEmpty).toBe(parsed.size === 0);
      expect([bytes[layout?.open ?? -1], bytes[layout?.close ?? -1]]).toEqual([0x7b, 0x7d]);
      for (const name of ["model", "stream", "a", "__proto__"]) {
        expect(layout?.find(name) === undefined).toBe(!parsed.has(name));
        expect(readField(bytes, layout?.find(name))).toEqual(parsed.get(name));
      }
    }),
    { numRuns: 1000 },
  );
});

test("finds no object where JSON.parse finds none, as far as the top level goes", () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 1 }),
      fc.nat(),
      fc.constantFrom("{", "}", "[", "]", '"', ",", ":", "x", "1", "\\", " "),
      (value, seed, put) => {
        const text = JSON.stringify(value);
        const at = seed % (text.length + 1);
        for (const changed of [
          text.slice(0, at) + put + text.slice(at),
          text.slice(0, at) + text.slice(at + 1),
        ]) {
          const parsed = parse(changed);
          const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
          if (isObject) expect(locateFields(Buffer.from(changed), [])).toBeDefined();
          else if (!/[[{].*[[{]/.test(changed) && !changed.includes("\\"))
            expect(locateFields(Buffer.from(changed), [])).toBeUndefined();
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("the last of several fields counts, however its key is written", () => {
  const bytes = Buffer.from('{"model":"a","\\u006dodel":"b" , "mode\\u006C" :\n"c"}');
  const layout = locateFields(bytes, ["model"]);
  expect(readField(bytes, layout?.find("model"))).toBe("c");
  expect(layout?.findAll("model").map((range) => readField(bytes, range))).toEqual(["a", "b", "c"]);
});

test.each([
  ["nothing", "", 0],
  ["no object", "[1]", 0],
  ["a cut object", '{"a":1', 6],
  ["a cut string", '{"a":"', 5],
  ["a string that escapes its end", '{"a":"\\"}', 5],
  ["something behind it", '{"a":1} x', 8],
  ["brackets that do not match", '{"a":[}', 5],
  ["crossed brackets", '{"a":[{]}}', 5],
  ["two commas", '{"a":1,,"b":2}', 7],
  ["a comma at the end", '{"a":1,}', 7],
  ["a key without quotes", "{a:1}", 1],
  ["no colon", '{"a" 1}', 4],
  ["a word", '{"a":nope}', 5],
  ["a number with a leading zero", '{"a":01}', 5],
  ["a byte order mark", '\uFEFF{"a":1}', 0],
])("notices %s, and where", (_name, text, at) => {
  expect(locateFields(Buffer.from(text), ["a"])).toBeUndefined();
  expect(findObjectFault(Buffer.from(text))).toEqual({ reason: "unsound", at });
});

test("goes 64 levels deep and says so of anything deeper, without recursion", () => {
  const nested = (depth: number) => Buffer.from(`{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`);
  expect(locateFields(nested(64), ["a"])).toBeDefined();
  for (const depth of [65, 100_000, 2_000_000])
    expect(findObjectFault(nested(depth))).toEqual({ reason: "too_deep", at: 5 });
});

test("C12: takes time in proportion to the size, whatever fills it", () => {
  const fillers = [
    '"x"',
    '"\\""',
    '"\\\\"',
    '"\\"\\"\\"\\"\\"\\"\\"\\""',
    "1",
    '{"a":[]}',
    `"${"\\\\".repeat(999)}"`,
    `"${"x".repeat(999)}"`,
  ];
  const measure = (filler: string, size: number): number => {
    const bytes = Buffer.from(
      `{"a":[${Array.from({ length: size / filler.length }, () => filler).join(",")}]}`,
    );
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      const start = performance.now();
      expect(locateFields(bytes, ["a"])).toBeDefined();
      best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  for (const filler of fillers) {
    measure(filler, 200_000);
    expect(measure(filler, 2_000_000)).toBeLessThan(60 * Math.max(measure(filler, 200_000), 0.1));
  }
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
