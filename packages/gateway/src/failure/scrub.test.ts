import fc from "fast-check";
import { expect, test } from "vitest";
import { scrub } from "./scrub.ts";

const key = "sk-proj-Abc123Def456Ghi789";
const host = "gpu7.example.org:8000";

const cases: readonly (readonly [string, string])[] = [
  [`Incorrect API key provided: ${key}.`, "Incorrect API key provided: [key]."],
  ["Incorrect API key provided: sk-proj-Ab***************789.", "Incorrect API key provided: [key]."],
  ["Incorrect API key provided: sk-pr...i789, see docs", "Incorrect API key provided: [key], see docs"],
  [
    "Authentication Fails, Your api key: ****f789 is invalid",
    "Authentication Fails, Your api key: [key] is invalid",
  ],
  ["Invalid token Bearer abc in the header", "Invalid token Bearer [key] in the header"],
  ["You can find it at https://platform.openai.com/account/api-keys.", "You can find it at [link]"],
  ["dial tcp 10.0.0.5:11434: connect: connection refused", "dial tcp [host]: connect: connection refused"],
  ["no route to gpu7.example.org", "no route to [host]"],
  ["upstream vllm-0.models.svc.cluster.local failed", "upstream [host] failed"],
  ["key=a0b1c2d3e4f5a6b7c8d9e0f1a2b3 rejected", "[key] rejected"],
  ["The model `gpt-4o-mini-2024-07-18` does not exist", "The model `gpt-4o-mini-2024-07-18` does not exist"],
  ["messages.0.content must be a string", "messages.0.content must be a string"],
  [
    "This model's maximum context length is 8192 tokens.",
    "This model's maximum context length is 8192 tokens.",
  ],
  ["line one\r\nline\u0000 two\u202e x", "line one line two x"],
  ["模型不存在，请检查模型代码。", "模型不存在，请检查模型代码。"],
  ["", ""],
];

for (const [text, expected] of cases) {
  test(`scrubs “${text.slice(0, 60)}”`, () => expect(scrub(text, { key, host })).toBe(expected));
}

test("no key survives, wherever it stands and however it is wrapped", () => {
  const anyKey = fc.string({
    unit: fc.constantFrom("a", "b", "c", "d", "0", "1", "2", "-", "_"),
    minLength: 8,
    maxLength: 60,
  });
  const wrap = fc.constantFrom(
    ["", ""],
    ['"', '"'],
    ["'", "',"],
    ["(", ")."],
    ["key=", ""],
    ["<", ">"],
    ["[", "]"],
  );
  fc.assert(
    fc.property(fc.string(), anyKey, wrap, (text, secret, [before = "", after = ""]) => {
      const scrubbed = scrub(`${text} ${before}${secret}${after} ${text}`, { key: secret });
      expect(scrubbed).not.toContain(secret);
    }),
  );
});

test("what it gives is one short, well-formed line, in time that grows with the text alone", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
      const scrubbed = scrub(text);
      expect(scrubbed.length).toBeLessThanOrEqual(300);
      expect(scrubbed.isWellFormed()).toBe(true);
      expect(scrubbed).not.toMatch(/\p{Cc}/u);
    }),
  );
  const started = performance.now();
  for (const text of ["*".repeat(1e6), "a1".repeat(1e6), "a.".repeat(1e6), ":".repeat(1e6)])
    scrub(text, { key, host });
  expect(performance.now() - started).toBeLessThan(200);
});
