import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuseRanks } from "./fuse-ranks.ts";

const rankedList = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
const lists = fc.array(rankedList, { minLength: 1, maxLength: 4 });

describe("fuseRanks", () => {
  it("has everything that any list has, once, and says where it was", () => {
    fc.assert(
      fc.property(lists, (given) => {
        const fused = fuseRanks(given);
        expect(new Set(fused.map(({ id }) => id))).toEqual(new Set(given.flat()));
        expect(fused).toHaveLength(new Set(given.flat()).size);
        for (const { id, ranks } of fused) {
          expect(ranks).toEqual(given.map((list) => (list.includes(id) ? list.indexOf(id) + 1 : undefined)));
        }
      }),
    );
  });

  it("gives scores between 0 and 1, best first, and 1 to what every list has first", () => {
    fc.assert(
      fc.property(lists, (given) => {
        const scores = fuseRanks(given).map(({ score }) => score);
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        for (const score of scores) expect(score > 0 && score <= 1 + 1e-12).toBe(true);
      }),
    );
    expect(
      fuseRanks([
        [7, 1],
        [7, 2],
      ])[0],
    ).toEqual({ id: 7, score: 1, ranks: [1, 1] });
  });

  it("lets a list with next to no weight decide between equals, and fill up behind the others", () => {
    const fused = fuseRanks(
      [
        [1, 2],
        [2, 1],
        [2, 3],
      ],
      [1, 1, 0.01],
    );
    expect(fused.map(({ id }) => id)).toEqual([2, 1, 3]);
  });

  it("keeps the order of a single list, and never puts what is behind in every list in front", () => {
    fc.assert(
      fc.property(rankedList, (list) => {
        expect(fuseRanks([list]).map(({ id }) => id)).toEqual(list);
      }),
    );
    fc.assert(
      fc.property(rankedList, rankedList, (first, second) => {
        const places = fuseRanks([first, second]).map(({ id }) => id);
        for (const [better, worse] of first.flatMap((id, place) =>
          first.slice(place + 1).map((other) => [id, other] as const),
        )) {
          const isBetter =
            second.includes(better) &&
            (!second.includes(worse) || second.indexOf(better) < second.indexOf(worse));
          if (isBetter) expect(places.indexOf(better)).toBeLessThan(places.indexOf(worse));
        }
      }),
    );
  });
});
