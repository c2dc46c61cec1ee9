import { createHash } from "node:crypto";
import { integerIdSchema, messageIdSchema, runIdSchema, sessionIdSchema } from "@llm-backend/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNewId, toDigestId } from "./new-id.ts";

const count = 100_000;

/** A clock that says what it is told to. */
const clocks: readonly [name: string, now: () => () => number][] = [
  ["stands still", () => () => Date.UTC(2026, 5, 1)],
  [
    "goes on by a millisecond now and then",
    () => {
      let at = Date.UTC(2026, 5, 1);
      let calls = 0;
      return () => (++calls % 7 === 0 ? ++at : at);
    },
  ],
  [
    "is set back again and again",
    () => {
      let at = Date.UTC(2026, 5, 1);
      let calls = 0;
      return () => (at += ++calls % 1000 === 0 ? -3_600_000 : 1);
    },
  ],
  ["is the real one", () => Date.now],
];

const isSorted = (list: readonly (string | number)[]) =>
  list.every((item, index) => index === 0 || (list[index - 1] ?? "") < item);

describe.each(clocks)("with a clock that %s", (_name, createNow) => {
  it("makes texts that are unique, and sort in the order in which they were made", () => {
    const newId = createNewId(createNow());
    const ids = Array.from({ length: count }, () => newId.text("msg"));
    expect(new Set(ids).size).toBe(count);
    expect(isSorted(ids)).toBe(true);
    expect(ids.every((id) => messageIdSchema.safeParse(id).success)).toBe(true);
  });

  it("makes integers that are unique, sort in the order in which they were made, and fit into JSON", () => {
    const newId = createNewId(createNow());
    const ids = Array.from({ length: count }, () => newId.integer());
    expect(new Set(ids).size).toBe(count);
    expect(isSorted(ids)).toBe(true);
    expect(ids.every((id) => integerIdSchema.safeParse(id).success)).toBe(true);
  });
});

describe("createNewId", () => {
  it("makes ids of each prefix that the contract reads", () => {
    const newId = createNewId(Date.now);
    expect(runIdSchema.safeParse(newId.text("run")).success).toBe(true);
    expect(sessionIdSchema.safeParse(newId.text("ses")).success).toBe(true);
    expect(newId.text("req")).toMatch(/^req_[0-9a-z]{26}$/);
  });

  it("makes ids that sort by time across processes", () => {
    let at = Date.UTC(2026, 0, 1);
    const generators = [createNewId(() => at), createNewId(() => at)];
    const ids = Array.from({ length: 1000 }, (_, index) => {
      at += 1;
      return generators[index % 2]?.text("run") ?? "";
    });
    expect(isSorted(ids)).toBe(true);
  });

  it("makes integers below 2^53 until 2094", () => {
    const newId = createNewId(() => Date.UTC(2094, 0, 1));
    expect(newId.integer()).toBeLessThan(2 ** 53);
  });

  it("carries over when the counted part of a text is full", () => {
    const newId = createNewId(() => 5);
    const ids = Array.from({ length: 1000 }, () => newId.text("run"));
    expect(isSorted(ids)).toBe(true);
  });
});

describe("toDigestId", () => {
  it("makes the same id of the same digest, in the form of the others", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const digest = (text: string) => createHash("sha256").update(text).digest();
        const id = toDigestId("ses", digest(one));
        expect(sessionIdSchema.safeParse(id).success).toBe(true);
        expect(toDigestId("ses", digest(one))).toBe(id);
        expect(toDigestId("ses", digest(other)) === id).toBe(one === other);
      }),
    );
  });
});
