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
