import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { checkCall, toWireCall } from "./checked-call.ts";
import type { ToolInfo } from "./tool-box.ts";

const tool: ToolInfo = {
  name: "box__echo",
  server: "box",
  title: undefined,
  description: "",
  inputSchema: {},
  permission: "ask",
};
const check = (name: string, text: string, id?: string) =>
  checkCall({ id, name, arguments: text }, [tool], new Set());

test("whatever a model writes, what goes on is fit for storage and for the next question", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.constantFrom("", "{", "null", "[]", "{}"),
  );
  const call = fc.record({
    id: fc.option(fc.oneof(text, fc.constantFrom("a", "call00001")), { nil: undefined }),
    name: fc.oneof(text, fc.constant("box__echo")),
    arguments: text,
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 6 }), (calls) => {
      const taken = new Set<string>();
      const checked = calls.map((one) => checkCall(one, [tool], taken));
      expect(new Set(checked.map(({ callId }) => callId)).size).toBe(calls.length);
      for (const one of checked) {
        expect(one.callId).toMatch(/^[\w-]{1,64}$/);
        expect(one.name.isWellFormed() && one.arguments.isWellFormed()).toBe(true);
        const wire = toWireCall(one);
        expect(wire.function.name).toMatch(/^[\w-]{1,64}$/);
        const sent: unknown = JSON.parse(wire.function.arguments);
        expect(typeof sent === "object" && sent !== null && !Array.isArray(sent)).toBe(true);
      }
    }),
  );
});

describe("a call", () => {
  it("keeps the id that its provider gave it", () => {
    expect(check("box__echo", "{}", "toolu_01-x").callId).toBe("toolu_01-x");
  });

  it("is for a tool that was offered, by its whole name", () => {
    expect(check("box__echo", '{"a":1}')).toMatchObject({ tool, input: { a: 1 } });
    for (const name of ["", "echo", "box__ech", "toString", "__proto__"])
      expect(check(name, "{}")).toMatchObject({ failure: "unknown" });
  });

  it("has a JSON object for arguments, or nothing at all", () => {
    expect(check("box__echo", " ")).toMatchObject({ input: {} });
    for (const text of ["null", "5", "[]", '"{}"', '{"a":', "{}{}", "x".repeat(100_001)])
      expect(check("box__echo", text)).toMatchObject({ failure: "invalid" });
  });
});
