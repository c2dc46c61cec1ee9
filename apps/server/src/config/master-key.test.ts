import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { readMasterKey } from "./master-key.ts";

it("reads what is written in hexadecimal digits or base64, with or without a line's end", () => {
  for (let count = 0; count < 500; count++) {
    const bytes = randomBytes(32);
    const base64 = bytes.toString("base64");
    for (const text of [
      bytes.toString("hex"),
      base64,
      base64.slice(0, -1),
      bytes.toString("base64url"),
      `${base64}\n`,
    ]) {
      expect(Buffer.from(readMasterKey(text).key ?? [])).toEqual(bytes);
    }
  }
});

it.each([
  "",
  "secret",
  "0".repeat(63),
  "0".repeat(65),
  randomBytes(31).toString("hex"),
  randomBytes(33).toString("base64"),
  randomBytes(16).toString("hex"),
])("refuses what is not 32 bytes: %j", (text) => {
  expect(readMasterKey(text).problem).toContain("must be 32 bytes");
});

it.each(["0".repeat(64), "00112233".repeat(8), "A".repeat(43), Buffer.alloc(32, "abcd").toString("base64")])(
  "refuses what was not made at random: %j",
  (text) => {
    expect(readMasterKey(text).problem).toContain("too regular");
  },
);
