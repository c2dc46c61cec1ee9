import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { createToolCallBuffer } from "./tool-call-buffer.ts";
import { readToolPieces } from "./tool-pieces.ts";

/** What comes of these deltas. */
function join(deltas: readonly object[], isWhole = false) {
  const buffer = createToolCallBuffer();
  for (const delta of deltas) buffer.add(readToolPieces(delta as Record<string, unknown>, isWhole));
  return buffer.list();
}

const piece = (index: number | undefined, fields: object, id?: string) => ({
  tool_calls: [
    { ...(index === undefined ? {} : { index }), ...(id === undefined ? {} : { id }), function: fields },
  ],
});

test("calls come out as they went in, however they are cut and mixed", () => {
  const call = fc.record({ name: fc.string({ minLength: 1 }), text: fc.string({ unit: "binary" }) });
  fc.assert(
    fc.property(
      fc.array(call, { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.nat(3)),
      (calls, sizes) => {
        const queues = calls.map(({ name, text }, index) => [
          piece(index, { name, arguments: "" }, `id${index}`),
          ...Array.from(text, (unit) => piece(index, { arguments: unit })),
        ]);
        const begun = queues.map((queue) => queue.shift() as object);
        const rest: object[] = [];
        while (queues.some((queue) => queue.length > 0)) {
          const queue = queues[(sizes.next().value as number) % queues.length];
          const next = queue?.shift() ?? queues.find((other) => other.length > 0)?.shift();
          if (next !== undefined) rest.push(next);
        }
        expect(join([...begun, ...rest])).toEqual(
          calls.map(({ name, text }, index) => ({ id: `id${index}`, name, arguments: text })),
        );
      },
    ),
  );
});

describe("what providers do otherwise", () => {
  it("numbers every call 0, or none", () => {
    const calls = [
      { id: "a", name: "one", arguments: "{}" },
      { id: "b", name: "two", arguments: "{}" },
    ];
    for (const index of [0, undefined]) {
      const deltas = calls.map(({ id, ...fields }) => piece(index, fields, id));
      expect(join(deltas)).toEqual(calls);
    }
  });

  it("repeats id and name with each piece", () => {
    const deltas = ['{"a"', ":1}"].map((part) => piece(0, { name: "one", arguments: part }, "a"));
    expect(join(deltas)).toEqual([{ id: "a", name: "one", arguments: '{"a":1}' }]);
  });

  it.each([0, undefined])("gives whole calls no ids, and all of them the number %s", (index) => {
    const calls = [
      { name: "one", arguments: '{"a":1}' },
      { name: "two", arguments: "{}" },
      { name: "two", arguments: '{"a":2}' },
    ];
    const deltas = calls.map((fields) => piece(index, fields));
    expect(join(deltas)).toEqual(calls.map((call) => ({ id: undefined, ...call })));
  });

  it("gives no ids, and repeats the name with each piece", () => {
    const deltas = ['{"a"', ":{}", "}", ""].map((part) => piece(0, { name: "one", arguments: part }));
    expect(join(deltas)).toEqual([{ id: undefined, name: "one", arguments: '{"a":{}}' }]);
  });

  it("sends arguments as an object, and gives no id", () => {
    expect(join([piece(undefined, { name: "one", arguments: { a: 1 } })])).toEqual([
      { id: undefined, name: "one", arguments: '{"a":1}' },
    ]);
  });

  it("sends whole calls in a whole message", () => {
    const calls = ["x", "y"].map((name) => ({
      id: name,
      type: "function",
      function: { name, arguments: "{}" },
    }));
    expect(join([{ tool_calls: calls }], true).map(({ name }) => name)).toEqual(["x", "y"]);
  });
});

test("everything that is kept counts: ids and names, and calls that say nothing", () => {
  const buffer = createToolCallBuffer();
  const add = (...pieces: readonly object[]) => {
    for (const delta of pieces) buffer.add(readToolPieces(delta as Record<string, unknown>, false));
    return buffer.bytes;
  };
  const text = "é".repeat(1000);
  expect(buffer.bytes).toBe(0);
  const counts = [
    add(piece(0, { name: text }, text)),
    add(piece(0, { name: text, arguments: text }, text)),
    add(...Array.from({ length: 1000 }, (_, index) => piece(index + 1, {}))),
  ];
  expect(counts[0]).toBeGreaterThanOrEqual(4000);
  expect((counts[1] ?? 0) - (counts[0] ?? 0)).toBe(2000);
  expect((counts[2] ?? 0) - (counts[1] ?? 0)).toBeGreaterThanOrEqual(10_000);
});

test("many calls cost no more each than a few", () => {
  const entries = Array.from({ length: 100_000 }, (_, index) => ({ index }));
  const before = process.threadCpuUsage();
  join([{ tool_calls: entries }, { tool_calls: entries.toReversed() }]);
  // Looking through all of them for each takes a minute.
  expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(2000);
});

test("whatever comes, names and arguments are text", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ tool_calls: fc.anything() })), (deltas) => {
      for (const call of join(deltas)) {
        expect(typeof call.name).toBe("string");
        expect(typeof call.arguments).toBe("string");
      }
    }),
  );
});
