import type { WireMessage } from "@llm-backend/contract";
import { expect, test } from "vitest";
import { hasTools, withoutTools } from "./without-tools.ts";

const call = (id: string, name: string) => ({
  id,
  type: "function" as const,
  function: { name, arguments: "{}" },
});
const exchange: readonly WireMessage[] = [
  { role: "user", content: "Look." },
  { role: "assistant", content: "Let me see.", tool_calls: [call("1", "one"), call("2", "two")] },
  { role: "tool", tool_call_id: "1", content: "first" },
  { role: "tool", tool_call_id: "2", content: "second" },
  { role: "assistant", content: "Both." },
];
const request = { id: "run", model: "m", messages: exchange };

test("tells what was called in the words of both sides, in turns", () => {
  const { messages } = withoutTools(request);
  expect(messages).toEqual([
    { role: "user", content: "Look." },
    { role: "assistant", content: "Let me see.\n\n[Called one with {}]\n[Called two with {}]" },
    { role: "user", content: "[Result of one]\nfirst\n\n[Result of two]\nsecond" },
    { role: "assistant", content: "Both." },
  ]);
  expect(hasTools({ messages })).toBe(false);
});

test("leaves out the tools, and nothing else of the request", () => {
  const parameters = { tools: [{}], temperature: 0 };
  expect(withoutTools({ ...request, messages: [], parameters })).toEqual({
    ...request,
    messages: [],
    parameters: { temperature: 0 },
  });
});

test("knows a question with tools, or with what came of them", () => {
  const [question] = exchange as [WireMessage];
  expect(hasTools(request)).toBe(true);
  expect(hasTools({ messages: [question] })).toBe(false);
  expect(hasTools({ messages: [question], parameters: { tools: [{}] } })).toBe(true);
  expect(hasTools({ messages: [question], parameters: { tools: [], temperature: 0 } })).toBe(false);
});
