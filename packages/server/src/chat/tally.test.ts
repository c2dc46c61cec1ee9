import fc from "fast-check";
import { expect, it } from "vitest";
import { createTally } from "./tally.ts";

it("counts as many as were added and not removed, and never below nothing", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "remove"), fc.integer({ min: 1, max: 3 })));
  fc.assert(
    fc.property(steps, (given) => {
      const tally = createTally();
      const counts = new Map<number, number>();
      for (const [step, key] of given) {
        tally[step](key);
        counts.set(key, Math.max(0, (counts.get(key) ?? 0) + (step === "add" ? 1 : -1)));
        for (const other of [1, 2, 3]) expect(tally.count(other)).toBe(counts.get(other) ?? 0);
      }
    }),
  );
});
