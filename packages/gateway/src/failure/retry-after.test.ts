import fc from "fast-check";
import { expect, test } from "vitest";
import { readRetryAfter } from "./retry-after.ts";

const now = Date.UTC(2026, 10, 22, 8, 0, 0);
const read = (value: string, name = "retry-after") => readRetryAfter({ [name]: value }, now);

test("U07: reads seconds, milliseconds and dates", () => {
  expect(read("7")).toBe(7000);
  expect(read("0.5")).toBe(500);
  expect(read("1500", "retry-after-ms")).toBe(1500);
  expect(read(new Date(now + 9000).toUTCString())).toBe(9000);
  expect(read("Sunday, 22-Nov-26 08:00:10 GMT")).toBe(10_000);
  expect(read("Sun Nov 22 08:00:11 2026")).toBe(11_000);
});

test("U07: milliseconds count for more than seconds", () => {
  expect(readRetryAfter({ "retry-after": "9", "retry-after-ms": "20" }, now)).toBe(20);
  expect(readRetryAfter({ "retry-after": "9", "retry-after-ms": "soon" }, now)).toBe(9000);
});

test("U11: keeps every wait between now and a minute", () => {
  expect(read("-5")).toBe(0);
  expect(read("1e12")).toBe(60_000);
  expect(read("86400")).toBe(60_000);
  expect(read(new Date(now - 5000).toUTCString())).toBe(0);
  expect(read(new Date(now + 86_400_000).toUTCString())).toBe(60_000);
});

test("U11: takes nonsense for absence", () => {
  const nonsense = [
    "",
    "soon",
    "NaN",
    "Infinity",
    "0x10",
    "1,5",
    "5 apples",
    "Sun",
    "-5 Nov",
    "9".repeat(10_000),
  ];
  for (const value of nonsense) expect(read(value)).toBeUndefined();
  expect(readRetryAfter({}, now)).toBeUndefined();
  expect(readRetryAfter({ "retry-after": ["3", "9"] }, now)).toBe(3000);
});

test("U11: no header makes it throw or wait beyond a minute", () => {
  const value = fc.oneof(fc.string(), fc.double().map(String), fc.date({ noInvalidDate: true }).map(String));
  fc.assert(
    fc.property(value, value, (seconds, ms) => {
      const wait = readRetryAfter({ "retry-after": seconds, "retry-after-ms": ms }, now);
      expect(wait === undefined || (Number.isInteger(wait) && wait >= 0 && wait <= 60_000)).toBe(true);
    }),
  );
});
