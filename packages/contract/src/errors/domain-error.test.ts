import { describe, expect, it, vi } from "vitest";
import { DomainError, findDomainError, toPublicMessage } from "./domain-error.ts";
import { errorCodes } from "./error-codes.ts";

describe("DomainError", () => {
  it("is an error with a code, a message, details and a cause", () => {
    const cause = new Error("disk");
    const error = new DomainError("rate_limited", "Slow down.", { details: { retryAfterMs: 500 }, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "DomainError",
      code: "rate_limited",
      message: "Slow down.",
      details: { retryAfterMs: 500 },
      cause,
    });
  });

  it("says what its code means where it has no message of its own", () => {
    const error = new DomainError("not_found");
    expect(error.message).toBe(errorCodes.not_found.publicMessage);
    expect(error.details).toBeUndefined();
    expect("cause" in error).toBe(false);
  });

  it("recognises itself, and nothing else", () => {
    expect(DomainError.is(new DomainError("internal"))).toBe(true);
    for (const value of [
      undefined,
      null,
      "internal",
      1,
      {},
      [],
      new Error("x"),
      { code: "internal", name: "DomainError" },
    ]) {
      expect(DomainError.is(value)).toBe(false);
    }
  });

  it("recognises the errors of a second copy of this module", async () => {
    vi.resetModules();
    const copy = await import("./domain-error.ts");
    expect(copy.DomainError).not.toBe(DomainError);
    const error = new copy.DomainError("conflict");
    expect(error).not.toBeInstanceOf(DomainError);
    expect(DomainError.is(error)).toBe(true);
    expect(findDomainError(new Error("wrapped", { cause: error }))).toBe(error);
  });

  it("does not show the mark to those who copy or print it", () => {
    const error = new DomainError("conflict");
    expect(Object.getOwnPropertySymbols(Object.assign({}, error))).toEqual([]);
    expect(JSON.stringify(error)).toBe('{"name":"DomainError","code":"conflict"}');
  });
});

describe("findDomainError", () => {
  it("finds the error itself, and the first one down the causes", () => {
    const inner = new DomainError("not_found");
    const outer = new DomainError("upstream_unavailable", "No answer.", { cause: inner });
    expect(findDomainError(inner)).toBe(inner);
    expect(findDomainError(outer)).toBe(outer);
    expect(findDomainError(new TypeError("a", { cause: new Error("b", { cause: outer }) }))).toBe(outer);
  });

  it.each([
    undefined,
    null,
    "text",
    0,
    { cause: new DomainError("internal") },
    new Error("x", { cause: "y" }),
  ])("finds none in %o", (value) => {
    expect(findDomainError(value)).toBeUndefined();
  });

  it("ends on causes that go round in a circle", () => {
    const first = new Error("first");
    first.cause = new Error("second", { cause: first });
    expect(findDomainError(first)).toBeUndefined();
  });
});

describe("toPublicMessage", () => {
  it("shows what was written for the caller, and never what an internal error says", () => {
    expect(toPublicMessage(new DomainError("conflict", "The name is taken."))).toBe("The name is taken.");
    expect(toPublicMessage(new DomainError("internal", "SQLITE_FULL: /data/llm.db"))).toBe("Internal error");
  });
});
