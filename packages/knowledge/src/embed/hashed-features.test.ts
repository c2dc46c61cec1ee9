import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHashedEmbedder } from "./create-hashed-embedder.ts";
import { hashedDims, toHashedFeatures } from "./hashed-features.ts";

function compare(first: string, second: string): number {
  const [a, b] = [toHashedFeatures(first), toHashedFeatures(second)];
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

/** The text that is closest to a question. */
function findClosest(question: string, texts: readonly string[]): string | undefined {
  return texts.toSorted((a, b) => compare(question, b) - compare(question, a))[0];
}

describe("toHashedFeatures", () => {
  it("makes vectors of length one out of every text that has words", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
        const vector = toHashedFeatures(text);
        expect(vector).toHaveLength(hashedDims);
        const length = Math.hypot(...vector);
        expect(length === 0 || Math.abs(length - 1) < 1e-5).toBe(true);
      }),
    );
  });

  it("is the same for the same words, however they are written", () => {
    expect(compare("Crème BRÛLÉE, please", "creme brulee please!")).toBeCloseTo(1, 5);
    expect(toHashedFeatures("the same")).toEqual(toHashedFeatures("the same"));
  });

  it("is zero for what has no words", () => {
    expect(toHashedFeatures(" … --- !?").every((value) => value === 0)).toBe(true);
  });

  it("finds other forms of a word, and misspelt ones", () => {
    const texts = [
      "Invoices are payable within thirty days of delivery.",
      "The garden is open from spring to autumn.",
      "Passwords have at least twelve characters.",
    ];
    expect(findClosest("invoice payment", texts)).toBe(texts[0]);
    expect(findClosest("gardens opening", texts)).toBe(texts[1]);
    expect(findClosest("pasword charcters", texts)).toBe(texts[2]);
  });

  it("finds Chinese, Japanese and Korean by what they share", () => {
    const texts = ["北京是中华人民共和国的首都。", "寿司は日本の料理です。", "서울은 대한민국의 수도이다."];
    expect(findClosest("中国的首都是什么", texts)).toBe(texts[0]);
    expect(findClosest("日本料理", texts)).toBe(texts[1]);
    expect(findClosest("대한민국 수도", texts)).toBe(texts[2]);
  });

  it("tells texts apart that share nothing", () => {
    expect(Math.abs(compare("river boats drift slowly", "quantum flux capacitor"))).toBeLessThan(0.25);
  });
});

describe("the built-in embedder", () => {
  it("gives one vector for each text, in order, and lets others have their turn", async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `text number ${index} `.repeat(40));
    let turns = 0;
    const counting = setInterval(() => turns++, 0);
    const { signal } = new AbortController();
    const vectors = await createHashedEmbedder().embed(texts, { signal, purpose: "passage", userId: 1 });
    clearInterval(counting);
    expect(vectors).toEqual(texts.map(toHashedFeatures));
    expect(turns).toBeGreaterThan(2);
  });

  it("stops when nobody waits any more", async () => {
    const controller = new AbortController();
    const options = { signal: controller.signal, purpose: "passage", userId: 1 } as const;
    const embedding = createHashedEmbedder().embed(Array<string>(50_000).fill("text ".repeat(100)), options);
    controller.abort(new Error("gone"));
    await expect(embedding).rejects.toThrow("gone");
  });
});
