import { DomainError } from "@llm-backend/contract";
import { expect, it } from "vitest";
import { readVectors } from "./read-vectors.ts";

const item = (index: unknown, embedding: unknown) => ({ object: "embedding", index, embedding });
const read = (answer: unknown, count: number) =>
  readVectors(Buffer.from(typeof answer === "string" ? answer : JSON.stringify(answer)), count);
const list = (...data: unknown[]) => ({ object: "list", data, model: "m" });
const toPlain = (answer: unknown, count: number) => read(answer, count).vectors.map((vector) => [...vector]);

it("puts vectors into the order of their places", () => {
  expect(toPlain(list(item(1, [3, 4]), item(0, [1, 2])), 2)).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

it("takes the order as it is where no places are said", () => {
  expect(toPlain(list({ embedding: [1] }, { embedding: [2] }), 2)).toEqual([[1], [2]]);
});

it("reads packed numbers and plain ones alike", () => {
  const packed = Buffer.from(Float32Array.of(0.5, -2).buffer).toString("base64");
  expect(toPlain(list(item(0, packed), item(1, [0.5, -2])), 2)).toEqual([
    [0.5, -2],
    [0.5, -2],
  ]);
  expect(read(list(item(0, packed)), 1).areNumbers).toBe(false);
  expect(read(list(item(0, [1])), 1).areNumbers).toBe(true);
});

it.each([
  ["too few vectors", list(item(0, [1, 2]))],
  ["too many vectors", list(item(0, [1]), item(1, [2]), item(2, [3]))],
  ["a place twice", list(item(0, [1]), item(0, [2]))],
  ["a place that is none", list(item(0, [1]), item(2, [2]))],
  ["a place that is no number", list(item("0", [1]), item("1", [2]))],
  ["a place that is missing", list(item(0, [1]), { embedding: [2] })],
  ["lengths that differ", list(item(0, [1, 2]), item(1, [3]))],
  ["empty vectors", list(item(0, []), item(1, []))],
  ["null in a vector", list(item(0, [null, 2]), item(1, [3, 4]))],
  ["text in a vector", list(item(0, ["1", 2]), item(1, [3, 4]))],
  ["NaN, which is no JSON", '{"data":[{"index":0,"embedding":[NaN]},{"index":1,"embedding":[1]}]}'],
  ["a number too large for 32 bits", list(item(0, [1e300]), item(1, [1]))],
  ["packed NaN", list(item(0, "AADAfw=="), item(1, "AACAPw=="))],
  ["packed bytes that are no numbers", list(item(0, "AAAA"), item(1, "AAAA"))],
  ["text that is not packed", list(item(0, "½½½½½½"), item(1, "AACAPw=="))],
  ["no vectors", list({ index: 0 }, { index: 1 })],
  ["a list of something else", list(1, 2)],
  ["no list", { ok: true }],
  ["an array", [item(0, [1]), item(1, [2])]],
  ["nothing", ""],
])("refuses %s, and says what is wrong", (_what, answer) => {
  let thrown: unknown;
  try {
    read(answer, 2);
  } catch (error) {
    thrown = error;
  }
  expect(DomainError.is(thrown) && [thrown.code, thrown.details?.issues?.length]).toEqual([
    "upstream_unavailable",
    1,
  ]);
  expect((thrown as Error).message).toMatch(/^The embedding model gave a wrong answer: .+\.$/);
});
