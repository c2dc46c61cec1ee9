import type { NewKnowledgePassage, Repositories } from "../../src/index.ts";
import { createUser, nextTextId } from "./rows.ts";

/** A base of a user of its own, stored. */
export async function insertBase(
  repositories: Repositories,
  given: { userId?: number; embeddingModel?: string; name?: string } = {},
): Promise<{ id: string; userId: number }> {
  const user = createUser(given.userId === undefined ? {} : { id: given.userId });
  // False where the user is there already.
  await repositories.users.insert(user);
  const id = nextTextId("kb");
  await repositories.bases.insert({
    id,
    userId: user.id,
    name: given.name ?? "A base",
    embeddingModel: given.embeddingModel ?? "model-1",
    createdAt: 1000,
  });
  return { id, userId: user.id };
}

/** A document with a content that waits. */
export async function insertDocument(
  repositories: Repositories,
  given: { baseId: string; name?: string },
): Promise<{ id: string; versionId: string }> {
  const id = nextTextId("doc");
  const name = given.name ?? `${id}.txt`;
  await repositories.documents.insert({ id, baseId: given.baseId, name, kind: "text", createdAt: 1000 });
  return { id, versionId: await insertVersion(repositories, id) };
}

/** A further content of a document. */
export async function insertVersion(repositories: Repositories, documentId: string): Promise<string> {
  const id = nextTextId("ver");
  const version = {
    id,
    documentId,
    hash: `hash of ${id}`,
    fileKey: `key of ${id}`,
    bytes: 7,
    createdAt: 1000,
  };
  await repositories.documents.insertVersion(version);
  return id;
}

/** Passages that stand one behind the other. */
export function toPassages(contents: readonly string[]): NewKnowledgePassage[] {
  let start = 0;
  return contents.map((content, position) => {
    const passage = { position, start, end: start + content.length, headings: [], content };
    start = passage.end;
    return passage;
  });
}

/** A document that is found by these passages. */
export async function insertReadyDocument(
  repositories: Repositories,
  given: { baseId: string; name?: string; contents: readonly string[] },
): Promise<{ id: string; versionId: string }> {
  const document = await insertDocument(repositories, given);
  await repositories.passages.insertBatch(document.versionId, toPassages(given.contents));
  await repositories.documents.switchVersion(document.id, document.versionId, 2000);
  return document;
}
