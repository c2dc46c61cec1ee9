import fc from "fast-check";
import { expect, it } from "vitest";
import { FrameSplitter } from "./frame-splitter.ts";

const frames = [
  'data: {"a":1}\n\n',
  ": ping\n\n",
  'data: {"b":"ü"}\r\n\r\n',
  "event: x\ndata:one\ndata: two\n\n",
  "data: [DONE]\n\n",
];
const said = ['{"a":1}', undefined, '{"b":"ü"}', "one\ntwo", "[DONE]"];

it("finds the same frames wherever the bytes are cut", () => {
  const bytes = Buffer.from(frames.join(""));
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const splitter = new FrameSplitter();
      const places = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
      const found = places
        .slice(1)
        .flatMap((end, index) => splitter.push(bytes.subarray(places[index], end)));
      expect([...found, ...splitter.end()].map(({ data }) => data)).toEqual(said);
      expect(Buffer.concat(found.map(({ raw }) => raw)).equals(bytes)).toBe(true);
    }),
  );
});

it("gives what is left when nothing more comes", () => {
  const splitter = new FrameSplitter();
  expect(splitter.push(Buffer.from('data: {"a"'))).toEqual([]);
  expect(splitter.end().map(({ data }) => data)).toEqual(['{"a"']);
  expect(splitter.end()).toEqual([]);
});
