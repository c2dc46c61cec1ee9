import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  integerIdSchema,
  messageIdSchema,
  readEventId,
  requestIdSchema,
  runIdSchema,
  sessionIdSchema,
  toEventId,
} from "./ids.ts";

const body = fc.string({
  unit: fc.constantFrom(...Array.from("0123456789abcdefghjkmnpqrstvwxyz")),
  minLength: 26,
  maxLength: 26,
});
const runId = body.map((text) => `run_${text}`);
const position = fc.integer({ min: 0, max: 10 ** 15 - 1 });

describe("event ids", () => {
  it("are read back as they were written", () => {
    fc.assert(
      fc.property(runId, position, (id, units) => {
        expect(readEventId(toEventId(id, units))).toEqual({ runId: id, position: units });
      }),
    );
  });

  it("have one spelling only: what is read is written back as it was", () => {
    const spelling = fc.tuple(
      runId,
      fc.string({ unit: fc.constantFrom(...Array.from("0123456789-+. e\n")) }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          spelling.map(([id, rest]) => `${id}:${rest}`),
        ),
        (value) => {
          const read = readEventId(value);
          expect(read === undefined || toEventId(read.runId, read.position) === value).toBe(true);
        },
      ),
    );
  });

  it("are refused with any character changed, left out or put in", () => {
    const change = fc.record({
      at: fc.nat(),
      removed: fc.nat(1),
      text: fc.constantFrom("", "!", "U", "\0", "é", " "),
    });
    fc.assert(
      fc.property(runId, position, change, (id, units, { at, removed, text }) => {
        const written = toEventId(id, units);
        const place = at % written.length;
        const changed = written.slice(0, place) + text + written.slice(place + removed);
        // Leaving out a digit of the position is another position.
        fc.pre(changed !== written && !(text === "" && place > 30));
        expect(readEventId(changed)).toBeUndefined();
      }),
    );
  });

  const id = `run_${"0".repeat(26)}`;
  it.each([
    "",
    ":",
    id,
    `${id}:`,
    `${id}:-1`,
    `${id}:1.5`,
    `${id}:01`,
    `${id}:1e3`,
    `${id}: 1`,
    `${id}:1\n`,
    `${id}:9007199254740993`,
    `${id}:1:2`,
    `msg_${"0".repeat(26)}:1`,
    `RUN_${"0".repeat(26)}:1`,
    `${id.slice(0, -1)}u:1`,
    `${"0".repeat(1_000_000)}:1`,
  ])("do not look like %j", (value) => {
    expect(readEventId(value)).toBeUndefined();
  });
});

describe("prefixed ids", () => {
  it.each([
    ["run", runIdSchema],
    ["msg", messageIdSchema],
    ["ses", sessionIdSchema],
  ] as const)(
    "with %s_ take their own prefix and 26 characters that cannot be misread, nothing else",
    (prefix, schema) => {
      fc.assert(
        fc.property(body, (text) => {
          expect(schema.parse(`${prefix}_${text}`)).toBe(`${prefix}_${text}`);
          expect(schema.safeParse(`ups_${text}`).success).toBe(false);
          expect(schema.safeParse(`${prefix}_${text.toUpperCase()}x`).success).toBe(false);
          expect(schema.safeParse(`${prefix}_${text.slice(1)}`).success).toBe(false);
          expect(schema.safeParse(` ${prefix}_${text}`).success).toBe(false);
          expect(schema.safeParse(`${prefix}_${text}\n`).success).toBe(false);
        }),
      );
      for (const letter of "ilouA") {
        expect(schema.safeParse(`${prefix}_${letter.repeat(26)}`).success).toBe(false);
      }
    },
  );
});

describe("integer ids", () => {
  it("are what JSON carries exactly", () => {
    for (const value of [1, 2 ** 31, Number.MAX_SAFE_INTEGER])
      expect(integerIdSchema.parse(value)).toBe(value);
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        fc.pre(value > 0);
        expect(Number(JSON.stringify(integerIdSchema.parse(value)))).toBe(value);
      }),
    );
  });

  it.each([
    0,
    -1,
    1.5,
    2 ** 53,
    2 ** 53 + 2,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    "1",
    "1e3",
    1n,
    null,
    undefined,
    [1],
  ])("are not %o", (value) => {
    expect(integerIdSchema.safeParse(value).success).toBe(false);
  });
});

describe("request ids", () => {
  it.each(["a", "0", "2f1c7bd0-6e0b-4a35-9a5c-0e3d7d0f1a2b", "tab:1.2_3", "x".repeat(255)])(
    "may be %j",
    (value) => {
      expect(requestIdSchema.parse(value)).toBe(value);
    },
  );

  it.each(["", "x".repeat(256), "a b", "a\n", "ä", "a/b", "\0", 1, null])("may not be %j", (value) => {
    expect(requestIdSchema.safeParse(value).success).toBe(false);
  });
});
