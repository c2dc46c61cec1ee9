import * as fc from "fast-check";
import { expect, it } from "vitest";
import { ReplayLog, type LogShape } from "./replay-log.ts";
import { splitText } from "./split-text.ts";

/** Text of one of two kinds, or one unit of something else. */
type Item = { readonly kind: "a" | "b" | "mark"; readonly text: string };

const shape: LogShape<Item> = {
  units: ({ text }) => text.length,
  joins: (first, second) => first.kind === second.kind && first.kind !== "mark",
  join: (joined) => ({ kind: joined[0].kind, text: joined.map((one) => one.text).join("") }),
  split({ kind, text }, units) {
    const [head, tail] = splitText(text, units);
    return [
      { kind, text: head },
      { kind, text: tail },
    ];
  },
};

/** Every unit with its kind: two logs that say the same have the same letters, however their items are joined. */
function toLetters(items: readonly Item[]): string[] {
  return items.flatMap(({ kind, text }) => Array.from(text, (character) => kind + character));
}

function readAll(log: ReplayLog<Item>, from: number): { items: Item[]; positions: number[] } {
  const items: Item[] = [];
  const positions: number[] = [];
  for (let entry = log.read(from); entry !== undefined; entry = log.read(entry.position)) {
    items.push(entry.item);
    positions.push(entry.position);
  }
  return { items, positions };
}

const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }) },
  // Past the sizes at which the log joins its parts, and at which it ends a bite.
  { weight: 1, arbitrary: fc.integer({ min: 4000, max: 9000 }).map((length) => "é😀x".repeat(length)) },
);
const item: fc.Arbitrary<Item> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("a" as const, "b" as const), text }) },
  { weight: 1, arbitrary: fc.constant({ kind: "mark" as const, text: "|" }) },
);
const items = fc.array(item, { maxLength: 30 });

it("joins byte for byte: a reader that comes back at any position gets exactly the rest", () => {
  fc.assert(
    fc.property(items, fc.nat(), (written, seed) => {
      const log = new ReplayLog(shape);
      for (const entry of written) log.append(entry);
      const letters = toLetters(written);
      // Any place between two characters.
      const seen = letters.slice(0, seed % (letters.length + 1));
      const position = seen.reduce((sum, letter) => sum + letter.replace(/^(a|b|mark)/, "").length, 0);
      expect(toLetters(readAll(log, position).items)).toEqual(letters.slice(seen.length));
    }),
  );
});

it("conserves units: positions are the sums of what was read, and end where the log ends", () => {
  fc.assert(
    fc.property(items, (written) => {
      const log = new ReplayLog(shape);
      for (const entry of written) log.append(entry);
      const { items: read, positions } = readAll(log, 0);
      let sum = 0;
      expect(positions).toEqual(read.map((entry) => (sum += entry.text.length)));
      expect(sum).toBe(log.end);
      expect(sum).toBe(written.reduce((units, entry) => units + entry.text.length, 0));
    }),
  );
});

it("tells every reader the same, in whatever order appending, skipping and reading take turns", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: item.map((entry) => ({ type: "append" as const, entry })) },
    { weight: 5, arbitrary: fc.nat(3).map((reader) => ({ type: "read" as const, reader })) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 1, max: 50 }).map((units) => ({ type: "skip" as const, units })),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const log = new ReplayLog(shape);
      const written: Item[] = [];
      const readers = Array.from({ length: 4 }, () => ({ position: 0, read: [] as Item[] }));
      for (const entry of steps) {
        if (entry.type === "append") {
          log.append(entry.entry);
          written.push(entry.entry);
        } else if (entry.type === "skip") {
          log.skipTo(log.end + entry.units);
        } else {
          const reader = readers[entry.reader];
          const found = log.read(reader?.position ?? 0);
          if (reader === undefined || found === undefined) continue;
          reader.read.push(found.item);
          reader.position = found.position;
        }
      }
      for (const { position, read } of readers) {
        expect(toLetters([...read, ...readAll(log, position).items])).toEqual(toLetters(written));
      }
    }),
  );
});

it("tells every follower the same, in whatever order it is scheduled", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), items, async (scheduler, written) => {
      const log = new ReplayLog(shape);
      const followers = Array.from({ length: 3 }, async () => {
        const read: Item[] = [];
        for await (const entry of log.follow(0)) {
          read.push(entry.item);
          await scheduler.schedule(Promise.resolve());
        }
        return read;
      });
      const appended = scheduler.scheduleSequence([
        ...written.map((entry) => async () => log.append(entry)),
        async () => log.close(),
      ]).task;
      await scheduler.waitIdle();
      await appended;
      for (const read of await Promise.all(followers)) expect(toLetters(read)).toEqual(toLetters(written));
    }),
    { numRuns: 30 },
  );
});

it("costs a follower of a million one-character items one step each: nothing is joined for it, only to be cut again", async () => {
  const calls = { units: 0, join: 0, split: 0 };
  const log = new ReplayLog<Item>({
    ...shape,
    units: (entry) => (calls.units++, shape.units(entry)),
    join: (joined) => ((calls.join += joined.length), shape.join(joined)),
    split: (entry, units) => (calls.split++, shape.split(entry, units)),
  });
  const count = 1_000_000;
  const follower = log.follow(0);
  let units = 0;
  for (let index = 0; index < count; index++) {
    log.append({ kind: "a", text: "x" });
    const entry = await follower.next();
    units += entry.done === true ? 0 : entry.value.item.text.length;
  }
  expect(units).toBe(count);
  expect(calls.units).toBe(count);
  // Each is joined once, for good.
  expect(calls.join).toBeLessThan(count);
  expect(calls.split).toBe(0);
});

it("keeps what was said in few large items, so that a late reader is quick", () => {
  let joins = 0;
  const log = new ReplayLog<Item>({
    ...shape,
    join: (joined) => ((joins += joined.length), shape.join(joined)),
  });
  for (let index = 0; index < 1_000_000; index++) log.append({ kind: "a", text: "x" });
  joins = 0;
  expect(readAll(log, 0).items.length).toBeLessThan(40);
  // 976 stored items of 1,024 units, each in one bite or in two, and the newest ones that are still apart.
  expect(joins).toBeLessThan(976 + 40 + 1024);
});
