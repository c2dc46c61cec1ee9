import { expect, it } from "vitest";
import { isOfEngine } from "./engine-call.ts";

const is = (body: unknown): boolean => isOfEngine(Buffer.from(JSON.stringify(body)));
const messages = [{ role: "user", content: "Hi" }];

it.each([
  { messages, context: { appId: "a" } },
  { messages, context: {} },
  { messages, turn_id: 0 },
  { messages: [...messages, { role: "user", content: "Hi", turn_id: 1 }] },
])("takes %j for an engine's", (body) => {
  expect(is(body)).toBe(true);
});

it.each([
  { messages },
  { messages, context: "a word" },
  { messages, context: [1, 2] },
  { messages, timestamp: 1, metadata: { turn_id: 7, context: { a: 1 } } },
  { messages: [{ role: "user", content: 'a "context": {} and a "turn_id": 1' }] },
  { messages: [{ role: "user", content: [{ type: "text", text: "Hi", turn_id: 1 }] }] },
  {
    messages,
    tools: [{ function: { name: "f", parameters: { properties: { context: {}, turn_id: {} } } } }],
  },
  { messages: { turn_id: 1 } },
])("takes %j for everybody's", (body) => {
  expect(is(body)).toBe(false);
});

it.each(["", "{", '{"turn_id":', '[{"turn_id":1}]', '{"messages":[{"turn_id"'])(
  "takes %j for nobody's",
  (text) => {
    expect(isOfEngine(Buffer.from(text))).toBe(false);
  },
);
