import fc from "fast-check";
import { expect, test } from "vitest";
import { toToolName } from "./tool-name.ts";

const server = fc.stringMatching(/^[a-z]{1,24}$/);

test("a name that every provider takes stays as it is", () => {
  expect(toToolName("files", "read_file")).toBe("files__read_file");
});

test("any other becomes one, and no two become the same", () => {
  fc.assert(
    fc.property(server, fc.uniqueArray(fc.string({ unit: "binary", maxLength: 200 })), (name, tools) => {
      const names = tools.map((tool) => toToolName(name, tool));
      for (const one of names) expect(one).toMatch(/^[\w-]{1,64}$/);
      expect(new Set(names).size).toBe(tools.length);
    }),
  );
});
