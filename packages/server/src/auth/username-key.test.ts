import { usernameSchema } from "@llm-backend/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toUsernameKey } from "./username-key.ts";

describe("toUsernameKey", () => {
  it.each([
    ["Bob", "bob"],
    ["\uff22\uff4f\uff42", "bob"],
    ["\u212bngstr\u00f6m", "\u00e5ngstr\u00f6m"],
    ["A\u030angstro\u0308m", "\u00e5ngstr\u00f6m"],
    ["\ufb01sh", "fish"],
    ["\u2160\u2161", "iii"],
    ["\u1e9e", "\u00df"],
    ["STRASSE", "strasse"],
    ["\u03a9mega", "\u03c9mega"],
    ["\u2126mega", "\u03c9mega"],
  ])("makes one account of %s and %s", (one, other) => {
    expect(toUsernameKey(one)).toBe(toUsernameKey(other));
  });

  it.each([
    ["bob", "b0b"],
    ["bob", "bo b"],
    ["\u0430lice", "alice"],
  ])("keeps %s and %s apart", (one, other) => {
    expect(toUsernameKey(one)).not.toBe(toUsernameKey(other));
  });

  it("is stable: the key of a key is the key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        expect(toUsernameKey(toUsernameKey(name))).toBe(toUsernameKey(name));
      }),
    );
  });

  it("does not depend on how a name is composed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), (name) => {
        fc.pre(usernameSchema.safeParse(name).success);
        const keys = ["NFC", "NFD", "NFKC", "NFKD"].map((form) => toUsernameKey(name.normalize(form)));
        expect(new Set(keys).size).toBe(1);
      }),
    );
  });
});
