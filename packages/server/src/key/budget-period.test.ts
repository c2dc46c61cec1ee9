import { budgetWindowSchema } from "@llm-backend/contract";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { toPeriod } from "./budget-period.ts";

const at = (text: string) => Date.parse(`${text}Z`);

it.each([
  ["day", "2026-06-03T23:59:59.999", "2026-06-03T00:00", "2026-06-04T00:00"],
  ["day", "2026-06-04T00:00", "2026-06-04T00:00", "2026-06-05T00:00"],
  // A Wednesday, a Sunday's last moment, and a Monday's first.
  ["week", "2026-06-03T12:00", "2026-06-01T00:00", "2026-06-08T00:00"],
  ["week", "2026-06-07T23:59:59.999", "2026-06-01T00:00", "2026-06-08T00:00"],
  ["week", "2026-06-08T00:00", "2026-06-08T00:00", "2026-06-15T00:00"],
  ["month", "2026-02-28T23:59", "2026-02-01T00:00", "2026-03-01T00:00"],
  ["month", "2026-12-31T23:59", "2026-12-01T00:00", "2027-01-01T00:00"],
] as const)("finds the %s of %s", (window, moment, start, end) => {
  expect(toPeriod(window, at(moment))).toEqual({ start: at(start), end: at(end) });
});

it("has one period without an end for a total", () => {
  expect(toPeriod("total", at("2026-06-03T12:00"))).toEqual({ start: 0, end: undefined });
});

it("lies around its moment, and the next one begins where it ends", () => {
  const moment = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
  fc.assert(
    fc.property(moment, fc.constantFrom(...budgetWindowSchema.options), (now, window) => {
      const { start, end } = toPeriod(window, now);
      expect(start).toBeLessThanOrEqual(now);
      if (end === undefined) return;
      expect(now).toBeLessThan(end);
      expect(toPeriod(window, end - 1).start).toBe(start);
      expect(toPeriod(window, end).start).toBe(end);
    }),
  );
});
