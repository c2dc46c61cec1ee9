import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toStoredBody, toStoredLine } from "./stored-text.ts";

describe("a line of a record", () => {
  it.each([
    ["Incorrect API key provided: sk-abc12345678.", "Incorrect API key provided: [key]."],
    ["sk-llmb-0123456789abcdef is revoked", "[key] is revoked"],
    ["Authorization: Bearer abc.def-123456", "Authorization: Bearer [key]"],
    ["key=AIzaSyA1234567890abcdefghijk", "key=[key]"],
    ["token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "token [key]"],
    ["gsk_abcdefgh1234 and hf_abcdefgh", "[key] and [key]"],
    ["sk-proj-****************abcd", "[key]"],
  ])("shows no key: %s", (text, line) => {
    expect(toStoredLine(text)).toBe(line);
  });

  it.each([
    "OpenAI/JS 6.1.0",
    "a task-management tool",
    "gpt-4o-mini",
    "/chat/completions",
    "bearer of news",
  ])("leaves alone what is none: %s", (text) => {
    expect(toStoredLine(text)).toBe(text);
  });

  it("is storable and short, whatever it is made of", () => {
    fc.assert(
      fc.property(fc.uint16Array({ maxLength: 50 }), (units) => {
        const text = String.fromCharCode(...units);
        const line = toStoredLine(`\0\ud800${text}`, 20);
        expect(line.isWellFormed()).toBe(true);
        expect(line).not.toContain("\0");
      }),
    );
    expect(toStoredLine("x".repeat(1000), 20)).toHaveLength(20);
  });
});

describe("a body", () => {
  it("shows no key of ours, and none of OpenAI's kind", () => {
    const body = `{"content":"mine is sk-llmb-0123456789abcdef, yours sk-proj-Abc123Def456Ghi789"}`;
    expect(toStoredBody(body, 1000)).toBe(`{"content":"mine is [key], yours [key]"}`);
  });

  it("is otherwise as it was, up to its limit", () => {
    const body = "the sk-learn-and-some-more-words package, task-1234567890123456, \u4f60\u597d";
    expect(toStoredBody(body, 1000)).toBe(body);
    expect(toStoredBody(body, 10)).toBe(body.slice(0, 10));
    expect(toStoredBody("a\u{1f600}", 2)).toBe("a\ufffd");
  });
});
