import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Embedder } from "../../src/index.ts";
import { SearchedDatabase } from "./searched-database.ts";

const modes = ["lexical", "vector", "hybrid"] as const;

let database: SearchedDatabase;

beforeAll(async () => {
  database = await SearchedDatabase.open();
  return () => database[Symbol.asyncDispose]();
});

/** Knows a few words by their meaning, and says how often it was asked. */
function createMeaningEmbedder(model: string) {
  const meanings = [/car|auto|vehicle/, /house|home|building/, /sea|ocean|water/];
  const asked: string[] = [];
  const embedder: Embedder = {
    model,
    async embed(texts, { purpose }) {
      asked.push(purpose);
      return texts.map((text) =>
        Float32Array.from(meanings, (words) => (words.test(text.toLowerCase()) ? 2 : 0.01)),
      );
    },
  };
  return { embedder, asked };
}

describe("searching knowledge bases", () => {
  it("finds passages by words, and says where, how well, and in which document", async () => {
    const baseId = await database.addBase();
    const documentId = await database.addDocument(baseId, "terms.txt", [
      "Invoices are payable within thirty days.",
      "Goods are sent within two days of an order.",
      "Complaints are answered within a week.",
    ]);
    const { passages, failure } = await database.ask("When is an invoice, or: invoices, payable?", {
      baseIds: [baseId],
    });
    expect(failure).toBeUndefined();
    expect(passages[0]).toMatchObject({
      baseId,
      documentId,
      documentName: "terms.txt",
      passage: { position: 0, content: "Invoices are payable within thirty days." },
      lexicalRank: 1,
      vectorRank: 1,
      score: 1,
    });
    const { highlights = [], passage } = passages[0] ?? {};
    expect(highlights.map(({ start, end }) => passage?.content.slice(start, end))).toEqual([
      "Invoices",
      "payable",
    ]);
    expect(passages.map(({ score }) => score)).toEqual(
      passages.map(({ score }) => score).toSorted((a, b) => b - a),
    );
  });

  it("finds other forms of English words, behind the words themselves", async () => {
    const baseId = await database.addBase();
    await database.addDocument(baseId, "a", ["One invoice a month.", "All invoices at once.", "Nothing."]);
    const find = (text: string) => database.find(text, { baseIds: [baseId], mode: "lexical" });
    expect(await find("invoices")).toEqual(["All invoices at once.", "One invoice a month."]);
    expect(await find("invoice")).toEqual(["One invoice a month.", "All invoices at once."]);
    expect(await find("invoicing")).toHaveLength(2);
  });

  it("finds words of Chinese, Japanese and Korean of any length", async () => {
    const baseId = await database.addBase();
    const texts = [
      "合同自签订之日起三十天内有效。",
      "東京の寿司屋は朝に開きます。",
      "계약은 삼십일 동안 유효합니다.",
    ];
    await database.addDocument(baseId, "a", [...texts, "合天同", "Nothing of this."]);
    for (const mode of ["lexical", "hybrid"] as const) {
      const find = async (text: string) => (await database.find(text, { baseIds: [baseId], mode }))[0];
      expect(await find("合同什么时候有效?")).toBe(texts[0]);
      expect(await find("寿司")).toBe(texts[1]);
      expect(await find("계약 유효")).toBe(texts[2]);
    }
    expect(await database.find("什么", { baseIds: [baseId], mode: "lexical" })).toEqual([]);
  });

  it.each(modes)("looks only in the bases and documents that are named (%s)", async (mode) => {
    const [first, second] = [await database.addBase(), await database.addBase()];
    await database.addDocument(first, "a", ["the red apple", "the red pear"]);
    const b = await database.addDocument(first, "b", ["the red plum"]);
    await database.addDocument(second, "c", ["the red cherry"]);
    const find = async (baseIds: string[], documentIds?: string[]) =>
      (await database.find("the red", { baseIds, documentIds, mode })).toSorted();
    expect(await find([first])).toEqual(["the red apple", "the red pear", "the red plum"]);
    expect(await find([second])).toEqual(["the red cherry"]);
    expect(await find([second, first])).toHaveLength(4);
    expect(await find([first], [b])).toEqual(["the red plum"]);
    expect(await find([second], [b])).toEqual([]);
    expect(await find(["kb_none"])).toEqual([]);
    expect(await find([])).toEqual([]);
  });

  it.each(modes)(
    "never finds what is half ingested, replaced or removed, and at once what is ready (%s)",
    async (mode) => {
      const baseId = await database.addBase();
      const { documents, bases } = database.storage;
      const find = () => database.find("blue whale", { baseIds: [baseId], mode });
      const first = await database.addContent(baseId, "a", ["blue whale one"]);
      expect(await find()).toEqual([]);
      await documents.switchVersion(first.documentId, first.versionId, 1);
      expect(await find()).toEqual(["blue whale one"]);
      const second = await database.addContent(baseId, "a", ["blue whale two", "blue whale three"]);
      expect(await find()).toEqual(["blue whale one"]);
      await documents.switchVersion(second.documentId, second.versionId, 2);
      expect((await find()).toSorted()).toEqual(["blue whale three", "blue whale two"]);
      await documents.deletePassages(first.versionId, 100);
      await database.addDocument(baseId, "b", ["blue whale four"]);
      expect(await find()).toHaveLength(3);
      await documents.delete(second.documentId, 3);
      expect(await find()).toEqual(["blue whale four"]);
      await bases.delete(baseId, 4);
      expect(await find()).toEqual([]);
    },
  );

  it("finds by meaning where a model knows it, and switches to another model at once", async () => {
    const [old, next] = [createMeaningEmbedder("old"), createMeaningEmbedder("next")];
    database.embedders.set("old", old.embedder).set("next", next.embedder);
    const baseId = await database.addBase("old");
    await database.addDocument(baseId, "a", [
      "A vehicle for five",
      "A building of stone",
      "The ocean is deep",
    ]);
    const find = () => database.find("cheap home", { baseIds: [baseId], limit: 1 });
    expect(await find()).toEqual(["A building of stone"]);
    const space = (await database.storage.bases.setModel(baseId, "next", 1)) ?? 0;
    await database.embed(baseId);
    expect(next.asked).not.toContain("query");
    expect(await find()).toEqual(["A building of stone"]);
    await database.storage.bases.switchSpace(baseId, space);
    expect(await find()).toEqual(["A building of stone"]);
    expect(next.asked).toContain("query");
  });

  it("finds by words alone where the question has no vector, and says so", async () => {
    database.embedders.set("gone", createMeaningEmbedder("gone").embedder);
    const baseId = await database.addBase("gone");
    await database.addDocument(baseId, "a", ["A vehicle for five", "A building of stone"]);
    database.embedders.set("gone", undefined);
    const { passages, failure } = await database.ask("vehicle", { baseIds: [baseId] });
    expect(passages).toMatchObject([{ lexicalRank: 1, passage: { content: "A vehicle for five" } }]);
    expect(passages[0]?.vectorRank).toBeUndefined();
    expect(failure).toMatchObject({ code: "model_not_found" });
    await expect(database.ask("vehicle", { baseIds: [baseId], mode: "vector" })).rejects.toMatchObject({
      code: "model_not_found",
    });
  });

  it("searches bases of several models at once", async () => {
    database.embedders.set("m", createMeaningEmbedder("m").embedder);
    const [meaning, hashed] = [await database.addBase("m"), await database.addBase()];
    await database.addDocument(meaning, "a", ["An auto of steel", "The ocean is deep"]);
    await database.addDocument(hashed, "b", ["Cars and more cars", "Nothing of it"]);
    const baseIds = [meaning, hashed];
    const found = await database.find("cars", { baseIds, limit: 2, mode: "vector" });
    expect(found.toSorted()).toEqual(["An auto of steel", "Cars and more cars"]);
  });

  it("ranks by how rare words are in the base, whatever other bases hold", async () => {
    const baseId = await database.addBase();
    const passages = Array.from({ length: 60 }, (_, index) => `zebra number ${index} zebra zebra`);
    await database.addDocument(baseId, "a", [...passages, "one quagga"]);
    const other = await database.addBase();
    await database.addDocument(
      other,
      "b",
      Array.from({ length: 400 }, (_, index) => `quagga ${index}`),
    );
    expect((await database.find("zebra quagga", { baseIds: [baseId], mode: "lexical" }))[0]).toBe(
      "one quagga",
    );
  });

  it("finds what it looks for among words that stand everywhere", async () => {
    const baseId = await database.addBase();
    const passages = Array.from(
      { length: 3000 },
      (_, index) => `what is the name of the ${index}th of the rivers`,
    );
    await database.addDocument(baseId, "a", [...passages, "what the Lena is: a river of the north"]);
    const { passages: found } = await database.ask("what is the Lena?", { baseIds: [baseId] });
    expect(found[0]?.passage.content).toContain("Lena");
    expect(found[0]?.highlights.map(({ start }) => start)).toEqual([9]);
  });

  it("takes every text for a question, and none for syntax", async () => {
    const baseId = await database.addBase();
    await database.addDocument(baseId, "a", ["some words AND NOT others NEAR 東京", "x"]);
    const wild = fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc.string({ unit: "grapheme", maxLength: 80 }),
      fc.string({
        unit: fc.constantFrom(
          '"',
          "'",
          "*",
          "(",
          ")",
          ":",
          "^",
          "-",
          "+",
          "AND ",
          "OR ",
          "NEAR",
          "{",
          "}",
          "\0",
          "a",
          " ",
          "東",
          ",",
        ),
        maxLength: 40,
      }),
    );
    await fc.assert(
      fc.asyncProperty(wild, fc.constantFrom(...modes), async (text, mode) => {
        const { passages } = await database.ask(text, { baseIds: [baseId], mode });
        expect(passages.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 300 },
    );
    expect(await database.find('NEAR("東京" AND', { baseIds: [baseId], mode: "lexical" })).toHaveLength(1);
  });

  it("finds the same within little memory", async () => {
    const roomy = database;
    await using tight = await SearchedDatabase.open({ vectorBytesMax: 200_000 });
    const results = [];
    for (const opened of [roomy, tight]) {
      const bases = [await opened.addBase(), await opened.addBase()];
      for (const [index, baseId] of bases.entries()) {
        const texts = Array.from(
          { length: 600 },
          (_, number) => `passage ${number} of base ${index}, ${number * 7}`,
        );
        await opened.addDocument(baseId, "a", texts);
      }
      const found = [];
      for (const baseIds of [...bases.map((id) => [id]), bases, bases.toReversed()]) {
        found.push(await opened.find("passage 123 and 861", { baseIds, mode: "vector", limit: 10 }));
      }
      results.push(found);
    }
    expect(results[1]).toEqual(results[0]);
  });
});
