import { DomainError } from "@llm-backend/contract";
import type { KnowledgeBase, KnowledgeDocument, Repositories } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";

type From = Pick<Repositories, "bases">;

/** A base that is foreign and one that is absent are the same. */
export function noSuchBase(): DomainError {
  return new DomainError("not_found", "There is no such knowledge base.");
}

/** The same for a document, also where the base is another one. */
function noSuchDocument(): DomainError {
  return new DomainError("not_found", "There is no such document.");
}

/**
 * Makes sure that a user may read all of these bases: as their owner, or as one of their readers.
 *
 * @throws DomainError `not_found`
 */
export async function requireReadable(from: From, userId: number, baseIds: readonly string[]): Promise<void> {
  if (baseIds.length === 0) return;
  const readable = await from.bases.listMayRead(userId, baseIds);
  if (readable.length < baseIds.length) throw noSuchBase();
}

/** The base, for whoever may read it. @throws DomainError `not_found` */
export async function getReadable(
  from: From,
  { userId }: Pick<Viewer, "userId">,
  baseId: string,
): Promise<KnowledgeBase> {
  const base = await from.bases.find(baseId);
  if (base === undefined) throw noSuchBase();
  if (base.userId !== userId) await requireReadable(from, userId, [baseId]);
  return base;
}

/** The base, for its owner. @throws DomainError `not_found`; `forbidden` for its readers. */
export async function getOwn(
  from: From,
  viewer: Pick<Viewer, "userId">,
  baseId: string,
): Promise<KnowledgeBase> {
  const base = await getReadable(from, viewer, baseId);
  if (base.userId === viewer.userId) return base;
  throw new DomainError("forbidden", "Only its owner can change a knowledge base.");
}

/** The document of a base that was found to be the viewer's to see. @throws DomainError `not_found` */
export async function getDocument(
  from: Pick<Repositories, "documents">,
  { baseId, documentId }: { readonly baseId: string; readonly documentId: string },
): Promise<KnowledgeDocument> {
  const document = await from.documents.find(documentId);
  if (document === undefined || document.baseId !== baseId) throw noSuchDocument();
  return document;
}
