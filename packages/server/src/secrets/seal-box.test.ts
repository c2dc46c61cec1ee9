import { randomBytes } from "node:crypto";
import { DomainError } from "@llm-backend/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSealBox } from "./seal-box.ts";

const box = createSealBox(new Uint8Array(32).fill(7));

/** The code of the error that a piece of work ends with. */
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return DomainError.is(error) ? error.code : error;
  }
  return undefined;
};

describe("createSealBox", () => {
  it("opens what it sealed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (plain, place) => {
        expect(box.open(box.seal(plain, place), place)).toBe(plain.toWellFormed());
      }),
    );
  });

  it("never seals the same text twice alike, and hides it", () => {
    const sealed = Array.from({ length: 1000 }, () => box.seal("sk-secret", "a"));
    expect(new Set(sealed).size).toBe(1000);
    expect(
      sealed.some(
        (text) => text.includes("secret") || text.includes(Buffer.from("sk-secret").toString("base64url")),
      ),
    ).toBe(false);
  });

  it("does not open what was sealed for another place: two rows cannot be swapped", () => {
    const mine = box.seal("mine", "conversation/1/api_key");
    const theirs = box.seal("theirs", "conversation/2/api_key");
    expect(codeOf(() => box.open(mine, "conversation/2/api_key"))).toBe("internal");
    expect(codeOf(() => box.open(theirs, "conversation/1/api_key"))).toBe("internal");
    expect(codeOf(() => box.open(mine, "conversation/1/api_key "))).toBe("internal");
  });

  it("does not open what another master key sealed", () => {
    const other = createSealBox(new Uint8Array(32).fill(8));
    expect(codeOf(() => other.open(box.seal("x", "a"), "a"))).toBe("internal");
  });

  it("does not open what was changed, in any character", () => {
    const sealed = box.seal("a longer secret", "a");
    for (let index = 0; index < sealed.length; index++) {
      const changed = `${sealed.slice(0, index)}${sealed[index] === "A" ? "B" : "A"}${sealed.slice(index + 1)}`;
      const code = codeOf(() => box.open(changed, "a"));
      // The last character of base64 has bits that stand for nothing.
      if (code === undefined) expect(box.open(changed, "a")).toBe("a longer secret");
      else expect(code).toBe("internal");
    }
  });

  it("does not open what was cut off, or is nothing of the kind", () => {
    const sealed = box.seal("secret", "a");
    for (let length = 0; length < sealed.length - 1; length++) {
      expect(codeOf(() => box.open(sealed.slice(0, length), "a"))).toBe("internal");
    }
    for (const text of ["", ".", "..", "v1..", "v2.a.b", "v1.a.b", "null", `${sealed}.x.y`.slice(3)]) {
      expect(codeOf(() => box.open(text, "a"))).toBe("internal");
    }
  });

  it("says nothing of the secret when it does not open", () => {
    try {
      createSealBox(randomBytes(32)).open(box.seal("sk-secret", "a"), "a");
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain("sk-secret");
    }
  });

  it.each([0, 16, 31, 33])("takes no master key of %i bytes", (length) => {
    expect(() => createSealBox(new Uint8Array(length))).toThrow("32 bytes");
  });
});
