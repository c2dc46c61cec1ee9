import { expect, it } from "vitest";
import { insertBase, insertDocument, insertReadyDocument, toPassages } from "./knowledge-rows.ts";
import type { OpenDatabase } from "./open-database.ts";

/** What every database guarantees of passages and their vectors. */
export function testPassages(open: OpenDatabase): void {
  it("takes each position once, however often a batch comes", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: baseId } = await insertBase(storage);
    const { id, versionId } = await insertDocument(storage, { baseId });
    const texts = Array.from({ length: 100 }, (_, index) => `text ${index}`);
    const passages = toPassages(texts).map((passage, index) => ({
      ...passage,
      headings: index % 2 === 0 ? [] : ["A", "B \u0000"],
      ...(index % 3 === 0 && { page: index }),
    }));
    expect(await storage.passages.insertBatch(versionId, passages.slice(0, 70))).toBe(true);
    expect(await storage.passages.insertBatch(versionId, passages.slice(30))).toBe(true);
    expect(await storage.documents.findVersion(versionId)).toMatchObject({ passages: 100 });
    await storage.documents.switchVersion(id, versionId, 2);
    const stored = [];
    for (let after: number | undefined; stored.length < 100;) {
      const page = await storage.passages.listOfDocument(id, { after, limit: 40 });
      stored.push(...page);
      after = page.at(-1)?.position;
    }
    expect(stored).toEqual(passages.map((passage) => ({ ...passage, id: expect.any(Number) as number })));
    expect(await storage.passages.countOfBase(baseId)).toBe(100);
  });

  it("reads only what is found", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: baseId } = await insertBase(storage);
    const ready = await insertReadyDocument(storage, { baseId, name: "a.txt", contents: ["one"] });
    const half = await insertDocument(storage, { baseId });
    await storage.passages.insertBatch(half.versionId, toPassages(["two"]));
    const all = await storage.passages.listWithoutVector(1, { baseId }, { limit: 9 });
    expect(all.map(({ content }) => content)).toEqual(["one", "two"]);
    const ids = all.map(({ id }) => id);
    const expected = { content: "one", baseId, documentId: ready.id, documentName: "a.txt" };
    expect(await storage.passages.read(ids)).toEqual([expect.objectContaining(expected)]);
    await storage.documents.delete(ready.id, 5);
    expect(await storage.passages.read(ids)).toEqual([]);
  });

  it("lists what has no vector in a space, in pages, of a content and of a base", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: baseId } = await insertBase(storage);
    const space = (await storage.bases.find(baseId))?.spaceId ?? 0;
    const first = await insertReadyDocument(storage, { baseId, contents: ["a", "b", "c"] });
    await insertReadyDocument(storage, { baseId: (await insertBase(storage)).id, contents: ["foreign"] });
    await insertReadyDocument(storage, { baseId, contents: ["d", "e"] });
    const list = async (of: { baseId: string } | { versionId: string }, limit: number) => {
      const seen = [];
      for (let after; ;) {
        const page = await storage.passages.listWithoutVector(space, of, { after, limit });
        seen.push(...page);
        after = page.at(-1);
        if (page.length < limit) return seen;
      }
    };
    for (const limit of [1, 2, 9]) {
      expect((await list({ baseId }, limit)).map(({ content }) => content)).toEqual([
        "a",
        "b",
        "c",
        "d",
        "e",
      ]);
      expect(await list({ versionId: first.versionId }, limit)).toHaveLength(3);
    }
    const [a, b] = await list({ baseId }, 9);
    const vectors = [a, b].map((passage) => ({
      passageId: passage?.id ?? 0,
      vector: Float32Array.of(3, 0, 4),
    }));
    await storage.passages.insertVectors(space, [
      ...vectors,
      { passageId: 987_654, vector: Float32Array.of(1, 1, 1) },
    ]);
    await storage.passages.insertVectors(space, vectors);
    expect((await list({ baseId }, 2)).map(({ content }) => content)).toEqual(["c", "d", "e"]);
    expect(await storage.bases.listSpaces([baseId])).toMatchObject([{ dims: 3 }]);
    expect(await storage.bases.deleteVectors(space, 9)).toBe(2);
  });

  it("takes vectors of one length only, and none for a space that is gone", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: baseId } = await insertBase(storage);
    const space = (await storage.bases.find(baseId))?.spaceId ?? 0;
    await insertReadyDocument(storage, { baseId, contents: ["a", "b"] });
    const [a, b] = await storage.passages.listWithoutVector(space, { baseId }, { limit: 9 });
    const insert = (passageId: number | undefined, dims: number, into = space) =>
      storage.passages.insertVectors(into, [
        { passageId: passageId ?? 0, vector: new Float32Array(dims).fill(1) },
      ]);
    await insert(a?.id, 3);
    await expect(insert(b?.id, 4)).rejects.toMatchObject({ code: "conflict" });
    await expect(insert(b?.id, 3, 9999)).rejects.toMatchObject({ code: "conflict" });
  });
}
