import { DomainError } from "@llm-backend/contract";
import fc from "fast-check";
import { expect, it } from "vitest";
import { isMasked, maskSecret, resolveSecrets } from "./secret-mask.ts";

const secret = fc.stringMatching(/^[\x21-\x7e]{1,40}$/);

it("shows four characters of a secret at most, and of a short one none", () => {
  expect(maskSecret("sk-0123456789abcd")).toBe("…abcd");
  expect(maskSecret("0123456789ab")).toBe("…89ab");
  for (const short of ["", "a", "woshimima", "0123456789a"]) expect(maskSecret(short)).toBe("…");
});

it("tells what it shows from what a secret can be", () => {
  fc.assert(
    fc.property(secret, (text) => {
      expect(isMasked(text)).toBe(false);
      expect(isMasked(maskSecret(text))).toBe(true);
    }),
  );
});

it("finds every stored secret again in the order in which they are shown", () => {
  fc.assert(
    fc.property(fc.array(secret, { maxLength: 10 }), (stored) => {
      expect(resolveSecrets(stored.map(maskSecret), stored)).toEqual(stored);
    }),
  );
});

it("takes no mask for another's, and none that could be several", () => {
  const stored = ["first-key-is-1111", "second-key-is-2222", "short", "brief"];
  expect(resolveSecrets(["…2222", "a-new-one"], stored)).toEqual(["second-key-is-2222", "a-new-one"]);
  for (const given of [["…3333"], ["…"], ["…1111x"]]) {
    expect(() => resolveSecrets(given, stored)).toThrow(DomainError);
  }
});
