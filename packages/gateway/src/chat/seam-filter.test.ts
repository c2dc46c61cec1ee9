import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeamFilter, type SeamRepeats } from "./seam-filter.ts";

/** What a filter lets through of texts, and of the answer's end. */
function filter(said: string, pieces: readonly string[], repeats: SeamRepeats = "tail"): string {
  const seam = createSeamFilter(said, repeats);
  const parts = pieces.flatMap((text) => seam.take([{ type: "text-delta", text }]));
  return [...parts, ...seam.end()].map(({ text }) => text).join("");
}

const said = "The quick brown fox jumps over the lazy";

describe("what goes on", () => {
  it.each([
    ["without a repeat", [" dog."], " dog."],
    ["after the last words once more", ["the lazy", " dog."], " dog."],
    ["after the last words, in pieces", ["fox ju", "mps over the la", "zy d", "og."], " dog."],
    ["after all of it once more", [`${said} dog.`], " dog."],
    ["with a beginning that is only like it", ["The quick red", " fox."], "The quick red fox."],
    ["with fewer repeated letters than tell anything", ["lazy, that is."], "lazy, that is."],
    ["with nothing but a repeat", ["over the lazy"], ""],
    ["with a repeat that breaks off", ["over the la"], "over the la"],
  ])("%s", (_name, pieces, passed) => {
    expect(filter(said, pieces)).toBe(passed);
  });

  it("is never taken for a repeat where only all of it may come again", () => {
    expect(filter("ha ha ha ha ha ", ["ha ha ha ha ha!"], "whole")).toBe("ha ha ha ha ha!");
    expect(filter(said, [said, " dog."], "whole")).toBe(" dog.");
  });

  it("loses the longest repeat, where there are several", () => {
    expect(filter("one two one two one two ", ["one two one two one two three"])).toBe("three");
  });

  it("passes reasoning at once, also while text is held back", () => {
    const seam = createSeamFilter(said, "tail");
    expect(seam.take([{ type: "text-delta", text: "over the" }])).toEqual([]);
    expect(seam.take([{ type: "reasoning-delta", text: "Hm." }])).toEqual([
      { type: "reasoning-delta", text: "Hm." },
    ]);
    expect(seam.take([{ type: "text-delta", text: " hill" }])).toEqual([
      { type: "text-delta", text: "over the hill" },
    ]);
  });
});

// Few letters, so that repeats are frequent.
const text = fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 60 });
const repeats = fc.constantFrom<SeamRepeats>("whole", "tail");

function cutAt(whole: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
  return at.slice(1).map((end, index) => whole.slice(at[index], end));
}

describe("for every text", () => {
  it("what passes does not depend on how it was cut, and lacks at most an end of the old text", () => {
    fc.assert(
      fc.property(text, text, fc.array(fc.nat()), repeats, (old, next, cuts, kind) => {
        const passed = filter(old, cutAt(next, cuts), kind);
        expect(passed).toBe(filter(old, [next], kind));
        expect(next.endsWith(passed)).toBe(true);
        const swallowed = next.slice(0, next.length - passed.length);
        expect(swallowed === "" || swallowed.length >= 8).toBe(true);
        expect(old.endsWith(swallowed)).toBe(true);
      }),
    );
  });

  it("an end of the old text that is said again does not come twice", () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.string({ minLength: 1 }), fc.array(fc.nat()), (old, at, fresh, cuts) => {
        const start = at % (old.length + 1);
        fc.pre(old.length - start >= 8);
        // Something new that cannot go on with the repeat.
        const next = `${old.slice(start)}#${fresh}`;
        expect(filter(old, cutAt(next, cuts))).toBe(`#${fresh}`);
      }),
    );
  });
});
