import { expect, it } from "vitest";
import {
  insertBase,
  insertDocument,
  insertReadyDocument,
  insertVersion,
  toPassages,
} from "./knowledge-rows.ts";
import type { OpenDatabase } from "./open-database.ts";
import { nextTextId } from "./rows.ts";

/** What every database guarantees of documents and their contents. */
export function testDocuments(open: OpenDatabase): void {
  it("has one document of a name, and a name is free again when it was removed", async () => {
    await using database = await open();
    const { documents, ...storage } = database.storage;
    const { id: baseId } = await insertBase(database.storage);
    const first = await insertDocument(database.storage, { baseId, name: "a" });
    const again = { id: nextTextId("doc"), baseId, name: "a", kind: "text", createdAt: 1 };
    expect(await documents.insert(again)).toBe(false);
    expect(await documents.findByName(baseId, "a")).toMatchObject({ id: first.id, isSearchable: false });
    expect(await documents.delete(first.id, 5)).toBe(true);
    expect(await documents.delete(first.id, 5)).toBe(false);
    expect(await documents.find(first.id)).toBeUndefined();
    expect(await documents.insert(again)).toBe(true);
    await storage.bases.delete(baseId, 5);
    expect(await documents.insert({ ...again, id: nextTextId("doc"), name: "b" })).toBe(false);
  });

  it("counts what a user has, and nobody else", async () => {
    await using database = await open();
    const { storage } = database;
    const { documents } = storage;
    const { id: baseId, userId } = await insertBase(storage);
    await insertBase(storage, { userId });
    expect(await documents.measure(userId)).toEqual({ bases: 2, documents: 0, bytes: 0, passages: 0 });
    const { id } = await insertDocument(storage, { baseId });
    await insertDocument(storage, { baseId });
    // Of a document's contents the newest counts.
    await insertVersion(storage, id);
    expect(await documents.measure(userId)).toEqual({ bases: 2, documents: 2, bytes: 14, passages: 0 });
    expect(await documents.measure((await insertBase(storage)).userId)).toMatchObject({
      bases: 1,
      documents: 0,
    });
    await documents.delete(id, 5);
    expect(await documents.measure(userId)).toEqual({ bases: 2, documents: 1, bytes: 7, passages: 0 });
    await storage.bases.delete(baseId, 5);
    expect(await documents.measure(userId)).toEqual({ bases: 1, documents: 0, bytes: 0, passages: 0 });
  });

  it("lists the documents of a base page by page, newest first", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: baseId } = await insertBase(storage);
    await insertDocument(storage, { baseId: (await insertBase(storage)).id });
    const expected: string[] = [];
    for (let index = 0; index < 7; index++) expected.unshift((await insertDocument(storage, { baseId })).id);
    const seen: string[] = [];
    for (let before: string | undefined; ;) {
      const page = await storage.documents.list(baseId, { before, limit: 3 });
      seen.push(...page.map(({ id }) => id));
      if (page.length < 3) break;
      before = page.at(-1)?.id;
    }
    expect(seen).toEqual(expected);
  });

  it("finds one content of a document at a time, and switches to the next at once", async () => {
    await using database = await open();
    const { storage } = database;
    const { documents, passages } = storage;
    const { id: baseId } = await insertBase(storage);
    const { id, versionId } = await insertDocument(storage, { baseId });
    await passages.insertBatch(versionId, toPassages(["one"]));
    expect(await passages.listOfDocument(id, { limit: 9 })).toEqual([]);
    expect(await documents.switchVersion(id, versionId, 2)).toBe(true);
    const next = await insertVersion(storage, id);
    await passages.insertBatch(next, toPassages(["two", "three"]));
    const contents = async () => (await passages.listOfDocument(id, { limit: 9 })).map((p) => p.content);
    expect(await contents()).toEqual(["one"]);
    expect(await documents.find(id)).toMatchObject({ isSearchable: true, newest: { state: "waiting" } });
    expect(await documents.listLeftovers(9)).toEqual([]);
    expect(await documents.switchVersion(id, next, 3)).toBe(true);
    expect(await contents()).toEqual(["two", "three"]);
    const [leftover] = await documents.listLeftovers(9);
    expect(leftover).toMatchObject({ id: versionId, isGone: true, fileKey: `key of ${versionId}` });
    // Neither comes back: what is found was decided.
    expect(await documents.switchVersion(id, versionId, 4)).toBe(false);
    expect(await documents.setVersionState(next, "cancelled")).toBe(false);
    expect(await documents.deletePassages(next, 9)).toBe(0);
    expect(await documents.deleteVersion(next)).toBe(false);
  });

  it("gives up what it works on when a newer content comes, and keeps what is found", async () => {
    await using database = await open();
    const { storage } = database;
    const { documents } = storage;
    const { id: baseId } = await insertBase(storage);
    const { id, versionId } = await insertReadyDocument(storage, { baseId, contents: ["one"] });
    const second = await insertVersion(storage, id);
    await storage.knowledgeJobs.insert({
      id: "job_1",
      kind: "ingest",
      baseId,
      documentId: id,
      versionId: second,
      createdAt: 1,
    });
    const third = await insertVersion(storage, id);
    expect(await documents.findVersion(versionId)).toMatchObject({ state: "ready" });
    expect(await documents.findVersion(second)).toMatchObject({ state: "replaced" });
    expect(await documents.find(id)).toMatchObject({ newest: { id: third }, isSearchable: true });
    expect(await storage.knowledgeJobs.find("job_1")).toMatchObject({ state: "cancelled" });
    expect(await storage.passages.insertBatch(second, toPassages(["late"]))).toBe(false);
    expect(await documents.switchVersion(id, second, 4)).toBe(false);
  });

  it("leaves the passages alone of what is tried again, but for who tries", async () => {
    await using database = await open();
    const { storage } = database;
    const { documents } = storage;
    const { id: baseId } = await insertBase(storage);
    const { versionId } = await insertDocument(storage, { baseId });
    await storage.passages.insertBatch(versionId, toPassages(["one", "two"]));
    await documents.setVersionState(versionId, "failed", { at: 5 });
    expect(await documents.clearPassages(versionId, 9)).toBe(0);
    // It was listed to be removed, and then tried again.
    await documents.setVersionState(versionId, "waiting");
    expect(await documents.deletePassages(versionId, 9)).toBe(0);
    expect(await documents.clearPassages(versionId, 1)).toBe(1);
    expect(await documents.findVersion(versionId)).toMatchObject({ passages: 1 });
  });

  it("keeps the file of what failed, to try it again, and lists only its passages to be removed", async () => {
    await using database = await open();
    const { storage } = database;
    const { documents } = storage;
    const { id: baseId } = await insertBase(storage);
    const { id, versionId } = await insertDocument(storage, { baseId });
    await storage.passages.insertBatch(versionId, toPassages(["one", "two"]));
    const failure = { code: "upstream_unavailable", message: "Not today." } as const;
    expect(await documents.setVersionState(versionId, "failed", { at: 5, failure })).toBe(true);
    expect(await documents.find(id)).toMatchObject({ newest: { state: "failed", failure, passages: 2 } });
    expect(await documents.listLeftovers(9)).toMatchObject([{ id: versionId, isGone: false }]);
    expect(await storage.passages.insertBatch(versionId, toPassages(["one"]))).toBe(false);
    expect(await documents.deletePassages(versionId, 9)).toBe(2);
    expect(await documents.listLeftovers(9)).toEqual([]);
    expect(await documents.deleteVersion(versionId)).toBe(false);
    expect(await documents.setVersionState(versionId, "waiting")).toBe(true);
    expect(await documents.findVersionByFile(`key of ${versionId}`)).toMatchObject({
      id: versionId,
      state: "waiting",
      failure: null,
      passages: 0,
    });
  });
}
