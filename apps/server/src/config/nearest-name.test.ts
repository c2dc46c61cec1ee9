import fc from "fast-check";
import { expect, it } from "vitest";
import { findNearestName } from "./nearest-name.ts";

const names = ["address", "server", "data", "database", "upstreams", "drain_seconds", "log", "limits"];

it.each([
  ["adress", "address"],
  ["adderss", "address"],
  ["Server", "server"],
  ["upstream", "upstreams"],
  ["drainSeconds", "drain_seconds"],
  ["drain-second", "drain_seconds"],
  ["databse", "database"],
  ["limit", "limits"],
  ["lgo", "log"],
])("%s means %s", (typed, meant) => {
  expect(findNearestName(typed, names)).toBe(meant);
});

it.each(["x", "zzzzzz", "colour", "a", "", "tsn"])("%j means none of them", (typed) => {
  expect(findNearestName(typed, names)).toBeUndefined();
});

it("finds every name by itself, and ends for any text", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 10_000 }), (typed) => {
      const nearest = findNearestName(typed, names);
      expect(nearest === undefined || names.includes(nearest)).toBe(true);
    }),
  );
  for (const name of names) expect(findNearestName(name, names)).toBe(name);
});
