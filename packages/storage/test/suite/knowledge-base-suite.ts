import { expect, it } from "vitest";
import { insertBase, insertDocument, insertReadyDocument } from "./knowledge-rows.ts";
import type { OpenDatabase } from "./open-database.ts";
import { createUser } from "./rows.ts";

/** What every database guarantees of knowledge bases, their readers and their spaces. */
export function testBases(open: OpenDatabase): void {
  it("lists what a user owns and reads, newest first, and nothing else", async () => {
    await using database = await open();
    const { storage } = database;
    const reader = createUser();
    await storage.users.insert(reader);
    const expected: string[] = [];
    for (let index = 0; index < 9; index++) {
      const isOwn = index % 3 === 0;
      const base = await insertBase(storage, isOwn ? { userId: reader.id } : {});
      if (index % 3 === 1) await storage.bases.addReader(base.id, reader.id, 1);
      if (index % 3 !== 2) expected.unshift(base.id);
    }
    for (const limit of [1, 2, 100]) {
      const seen: string[] = [];
      for (let before: string | undefined; ;) {
        const page = await storage.bases.listReadable(reader.id, { before, limit });
        seen.push(...page.map(({ id }) => id));
        if (page.length < limit) break;
        before = page.at(-1)?.id;
      }
      expect(seen).toEqual(expected);
    }
  });

  it("says of bases which of them a user may read", async () => {
    await using database = await open();
    const { storage } = database;
    const [own, read, foreign, removed] = [
      await insertBase(storage),
      await insertBase(storage),
      await insertBase(storage),
      await insertBase(storage),
    ];
    const { userId } = own;
    expect(await storage.bases.addReader(read.id, userId, 1)).toBe(true);
    expect(await storage.bases.addReader(read.id, userId, 1)).toBe(false);
    await storage.bases.addReader(removed.id, userId, 1);
    expect(await storage.bases.delete(removed.id, 5)).toBe(true);
    expect(await storage.bases.delete(removed.id, 5)).toBe(false);
    const ids = [removed.id, read.id, "kb_none", foreign.id, own.id];
    expect(await storage.bases.listMayRead(userId, ids)).toEqual([read.id, own.id]);
    expect(await storage.bases.listReaders(read.id)).toEqual([{ userId, username: `User ${userId}` }]);
    expect(await storage.bases.removeReader(read.id, userId)).toBe(true);
    expect(await storage.bases.removeReader(read.id, userId)).toBe(false);
    expect(await storage.bases.listMayRead(userId, ids)).toEqual([own.id]);
    expect(await storage.bases.find(removed.id)).toBeUndefined();
    expect(await storage.bases.rename(removed.id, "other")).toBe(false);
  });

  it("searches the vectors of the model before until it is switched", async () => {
    await using database = await open();
    const { bases } = database.storage;
    const { id } = await insertBase(database.storage, { embeddingModel: "old" });
    const before = await bases.find(id);
    expect(before).toMatchObject({ embeddingModel: "old", nextEmbeddingModel: null, nextSpaceId: null });
    const given = await bases.setModel(id, "given up", 2);
    const next = (await bases.setModel(id, "new", 3)) ?? 0;
    expect(await bases.find(id)).toMatchObject({ embeddingModel: "old", nextEmbeddingModel: "new" });
    expect(await bases.listSpaces([id])).toMatchObject([{ model: "old", baseId: id }]);
    expect(await bases.switchSpace(id, given ?? 0)).toBe(false);
    expect(await bases.switchSpace(id, next)).toBe(true);
    expect(await bases.find(id)).toMatchObject({ embeddingModel: "new", nextEmbeddingModel: null });
    expect(await bases.abandonModel(id)).toBe(false);
    const idle = await bases.listIdleSpaces(9);
    expect(new Set(idle)).toEqual(new Set([before?.spaceId, given]));
    for (const space of idle) expect(await bases.deleteVectors(space, 10)).toBe(0);
    expect(await bases.listIdleSpaces(9)).toEqual([]);
  });

  it("goes in steps when it was removed, or its owner", async () => {
    await using database = await open();
    const { storage } = database;
    const kept = await insertBase(storage);
    await insertReadyDocument(storage, { baseId: kept.id, contents: ["stays"] });
    const bases = [await insertBase(storage), await insertBase(storage), await insertBase(storage)];
    for (const { id } of bases) {
      await insertReadyDocument(storage, { baseId: id, contents: ["one", "two"] });
      await insertDocument(storage, { baseId: id });
    }
    await storage.bases.delete(bases[0]?.id ?? "", 5);
    await storage.erasures.finish(bases[1]?.userId ?? 0);
    await storage.bases.deleteOwn(bases[2]?.userId ?? 0, 5);
    const removed = await storage.bases.listRemoved(9);
    expect(removed).toEqual(bases.map(({ id }) => id).toSorted());
    for (const id of removed) {
      expect(await storage.bases.deleteRemoved(id)).toBe(false);
      expect(await storage.documents.deleteSome(id, 1, 6)).toBe(1);
      expect(await storage.documents.deleteSome(id, 9, 6)).toBe(1);
      expect(await storage.documents.deleteSome(id, 9, 6)).toBe(0);
    }
    const leftovers = await storage.documents.listLeftovers(99);
    expect(leftovers).toHaveLength(6);
    for (const { id } of leftovers) {
      while ((await storage.documents.deletePassages(id, 1)) > 0);
      expect(await storage.documents.deleteVersion(id)).toBe(true);
    }
    for (const id of removed) expect(await storage.bases.deleteRemoved(id)).toBe(true);
    expect(await storage.bases.listRemoved(9)).toEqual([]);
    expect(await storage.bases.deleteRemoved(kept.id)).toBe(false);
    expect(await storage.passages.countOfBase(kept.id)).toBe(1);
  });
}
