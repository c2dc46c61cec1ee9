import fc from "fast-check";
import { expect, test } from "vitest";
import type { ForwardCall } from "../forward/forward-ports.ts";
import { toContinuationBody } from "./continuation-body.ts";
import { readForwardCall } from "./read-call.ts";
import { toUpstreamBody, type BodyEdits } from "./upstream-body.ts";

const toCall = (text: string | Buffer, path = "/chat/completions"): ForwardCall =>
  readForwardCall({
    id: "r",
    method: "POST",
    path,
    headers: { "content-type": "application/json" },
    body: { kind: "whole", bytes: Buffer.from(text) },
  });

const textOf = (call: ForwardCall, edits: BodyEdits): string => {
  const body = toUpstreamBody(call, edits);
  return body.kind === "whole" ? body.bytes.toString() : body.kind;
};

const usual = { model: "m", askUsage: true };

test("a body that need not change is the caller's own, the very same bytes", () => {
  for (const text of [
    '{"model":"m"}',
    '{ "model" : "m", "stream":true, "stream_options":{"include_usage": true}}',
  ]) {
    const call = toCall(text);
    expect(toUpstreamBody(call, usual)).toBe(call.request.body);
  }
  const form = toCall("--x", "/audio/transcriptions");
  expect(toUpstreamBody(form, { model: "other", askUsage: true, stream: true })).toBe(form.request.body);
});

test.each([
  ["names the model", '{"model":"a","n":1}', usual, '{"model":"m","n":1}'],
  ["names it once", '{"model":"a","x":0,"model":"b"}', usual, '{"x":0,"model":"m"}'],
  [
    "asks for usage",
    '{"model":"m","stream":true}',
    usual,
    '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  ],
  [
    "asks for usage beside other options",
    '{"stream_options":{"x": 1 },"model":"m","stream":true}',
    usual,
    '{"stream_options":{"x": 1 ,"include_usage":true},"model":"m","stream":true}',
  ],
  [
    "asks for usage in place of a no",
    '{"model":"m","stream":true,"stream_options": {"include_usage" :false}}',
    usual,
    '{"model":"m","stream":true,"stream_options": {"include_usage" :true}}',
  ],
  [
    "asks for usage in place of nothing",
    '{"model":"m","stream":true,"stream_options":null}',
    usual,
    '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  ],
  [
    "asks for a stream",
    '{"model":"m"}',
    { ...usual, stream: true },
    '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
  ],
  [
    "asks for one piece",
    '{"stream":true,"stream_options":{},"model":"m"}',
    { ...usual, stream: false },
    '{"stream":false,"model":"m"}',
  ],
  [
    "keeps our lists to itself",
    '{"models":["a","b"] , "fallbacks":["c"], "model":"m"}',
    usual,
    '{ "model":"m"}',
  ],
  [
    "writes the first of the list down",
    '{"models":["a","b"]}',
    { model: "a", askUsage: false },
    '{"model":"a"}',
  ],
  ["leaves a list alone that is none", '{"model":"m","models":"a"}', usual, '{"model":"m","models":"a"}'],
])("%s", (_name, text, edits: BodyEdits, expected) => {
  expect(textOf(toCall(text), edits)).toBe(expected);
});

test("usage is not asked for where it comes by itself, or nothing is streamed", () => {
  const text = '{"model":"m","stream":true}';
  expect(textOf(toCall(text, "/responses"), usual)).toBe(text);
  expect(textOf(toCall(text, "/embeddings"), usual)).toBe(text);
  expect(textOf(toCall('{"model":"m"}'), usual)).toBe('{"model":"m"}');
});

const anyBlank = fc.constantFrom("", " ", "\r\n", "\t ");
const known = {
  model: fc.constantFrom("m", "other", 'q"uote', "中"),
  models: fc.array(fc.constantFrom("m", "f")),
  fallbacks: fc.array(fc.constantFrom("m", "f")),
  stream: fc.boolean(),
  stream_options: fc.constantFrom(
    null,
    {},
    { include_usage: true },
    { include_usage: false, x: [1] },
    { y: "}" },
  ),
};
/** Negative zero does not survive JSON. */
const anyJson = fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text));
const anyMember = fc.oneof(
  ...Object.entries(known).map(([key, value]) => fc.tuple(fc.constant(key), value)),
  fc.tuple(
    fc.nat(99).map((number) => `x${number}`),
    anyJson,
  ),
);
const anyBody = fc
  .tuple(fc.uniqueArray(anyMember, { selector: ([key]) => key }), anyBlank, anyBlank)
  .map(([members, one, two]) => {
    const spelled = members.map(
      ([key, value]) => [key, `${two}"${key}"${one}:${two}${JSON.stringify(value)}${one}`] as const,
    );
    const fields = spelled.map(([, text]) => text).join(",");
    return { members: new Map<string, unknown>(members), spelled, text: `{${fields}}${two}` };
  });

/** What the edits make of an object. */
function expectedOf(members: ReadonlyMap<string, unknown>, call: ForwardCall, edits: BodyEdits): object {
  const fields = new Map(members);
  if (fields.has("model") || call.model !== "/v1/chat/completions") fields.set("model", edits.model);
  fields.delete("models");
  fields.delete("fallbacks");
  const stream = edits.stream ?? call.isStreamed;
  if (stream !== call.isStreamed) fields.set("stream", stream);
  if (!stream && call.isStreamed) fields.delete("stream_options");
  if (stream && edits.askUsage)
    fields.set("stream_options", { ...(fields.get("stream_options") as object | null), include_usage: true });
  return Object.fromEntries(fields);
}

test("any body becomes the expected one, and what is not edited stays byte for byte", () => {
  fc.assert(
    fc.property(
      anyBody,
      fc.boolean(),
      fc.constantFrom(undefined, true, false),
      ({ members, spelled, text }, askUsage, stream) => {
        const call = toCall(text);
        const edits = { model: "m", askUsage, stream };
        const out = textOf(call, edits);
        expect(JSON.parse(out)).toEqual(expectedOf(members, call, edits));
        let at = 0;
        for (const [key, spelling] of spelled) {
          if (key in known) continue;
          at = out.indexOf(spelling, at);
          expect(at).toBeGreaterThan(-1);
          at += spelling.length;
        }
      },
    ),
    { numRuns: 1000 },
  );
});

const chat = '{"model":"a", "messages":[{"role":"user","content":"q"} ],"temperature":0}';
const continued = (
  text: string,
  dialect: "plain" | "prefix" | "partial" | "final_message",
  path?: string,
) => {
  const body = toContinuationBody(toCall(text, path), { ...usual, text: 'He said "中', dialect });
  return body?.kind === "whole" ? body.bytes.toString() : undefined;
};

test.each([
  ["plain", '{"role":"assistant","content":"He said \\"中"}', ""],
  ["prefix", '{"role":"assistant","content":"He said \\"中","prefix":true}', ""],
  ["partial", '{"role":"assistant","content":"He said \\"中","partial":true}', ""],
  [
    "final_message",
    '{"role":"assistant","content":"He said \\"中"}',
    ',"add_generation_prompt":false,"continue_final_message":true',
  ],
] as const)("continues a chat in the dialect %s", (dialect, message, fields) => {
  expect(continued(chat, dialect)).toBe(
    `{"model":"m", "messages":[{"role":"user","content":"q"} ,${message}],"temperature":0${fields}}`,
  );
});

test("does not continue what cannot be continued", () => {
  expect(
    continued('{"model":"m","messages":[{"role":"user"},{"role":"assistant","content":"x"}]}', "plain"),
  ).toBeUndefined();
  expect(continued('{"model":"m","messages":[]}', "plain")).toBeUndefined();
  expect(continued('{"model":"m","messages":"q"}', "plain")).toBeUndefined();
  expect(continued('{"model":"m"}', "plain")).toBeUndefined();
  expect(continued(chat, "plain", "/responses")).toBeUndefined();
  expect(toContinuationBody(toCall(chat), { ...usual, text: "", dialect: "plain" })).toBeUndefined();
});
