import {
  DomainError,
  type DocumentPage,
  type DocumentRefInput,
  type DocumentView,
  type ListDocumentsInput,
  type ListPassagesInput,
  type PassagePage,
} from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { NewId } from "../identity/new-id.ts";
import { getDocument, getOwn, getReadable } from "./base-access.ts";
import { toDocumentView, toPassageView } from "./knowledge-views.ts";

/** What the service stands on. */
export type DocumentServiceDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  /** To be called when there is a job that waits, or one that was cancelled. */
  readonly wake: () => void;
  /** To be called when something is to be removed, in steps. */
  readonly tidy: () => void;
};

/** The documents of knowledge bases. */
export type DocumentService = ReturnType<typeof createDocumentService>;

const endedStates = new Set(["ready", "failed", "cancelled", "replaced"]);

/** Creates the service. What is foreign and what is absent are the same: `not_found`. */
export function createDocumentService(deps: DocumentServiceDeps) {
  const { storage, now } = deps;

  async function get(viewer: Viewer, ref: DocumentRefInput): Promise<DocumentView> {
    await getReadable(storage, viewer, ref.baseId);
    return toDocumentView(await getDocument(storage, ref));
  }

  return {
    get,

    /** One page of a base's documents, newest first. @throws DomainError `not_found` */
    async list(viewer: Viewer, { baseId, cursor, limit }: ListDocumentsInput): Promise<DocumentPage> {
      await getReadable(storage, viewer, baseId);
      const rows = await storage.documents.list(baseId, { before: cursor, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        documents: page.map(toDocumentView),
        nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },

    /** One page of the passages that are found of a document, in their order. @throws DomainError `not_found` */
    async passages(viewer: Viewer, input: ListPassagesInput): Promise<PassagePage> {
      await getReadable(storage, viewer, input.baseId);
      await getDocument(storage, input);
      const { documentId, cursor, limit } = input;
      const rows = await storage.passages.listOfDocument(documentId, { after: cursor, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        passages: page.map(toPassageView),
        nextCursor: rows.length > limit ? (page.at(-1)?.position ?? null) : null,
      };
    },

    /**
     * Removes a document: nothing of it is found from here on.
     *
     * @throws DomainError `not_found`; `forbidden` for readers.
     */
    async remove(viewer: Viewer, ref: DocumentRefInput): Promise<void> {
      await storage.transaction(async (tx) => {
        await getOwn(tx, viewer, ref.baseId);
        const { id } = await getDocument(tx, ref);
        await tx.documents.delete(id, now());
      });
      deps.tidy();
      deps.wake();
    },

    /**
     * Reads a document again that failed, or was cancelled.
     *
     * @throws DomainError `not_found`; `conflict` for one that is ready, or on its way; `forbidden` for readers.
     */
    async retry(viewer: Viewer, ref: DocumentRefInput): Promise<DocumentView> {
      await storage.transaction(async (tx) => {
        await getOwn(tx, viewer, ref.baseId);
        const { newest } = await getDocument(tx, ref);
        if (newest.state !== "failed" && newest.state !== "cancelled") {
          throw new DomainError(
            "conflict",
            `The document is ${newest.state}; there is nothing to try again.`,
          );
        }
        await tx.documents.setVersionState(newest.id, "waiting");
        const job = { id: deps.newId.text("job"), kind: "ingest", createdAt: now() } as const;
        await tx.knowledgeJobs.insert({ ...job, ...ref, versionId: newest.id });
      });
      deps.wake();
      return get(viewer, ref);
    },

    /**
     * Gives up reading a document; what was found of it before stays. One that has ended stays as it is.
     *
     * @throws DomainError `not_found`; `forbidden` for readers.
     */
    async cancel(viewer: Viewer, ref: DocumentRefInput): Promise<DocumentView> {
      await storage.transaction(async (tx) => {
        await getOwn(tx, viewer, ref.baseId);
        const { id, newest } = await getDocument(tx, ref);
        if (endedStates.has(newest.state)) return;
        await tx.documents.setVersionState(newest.id, "cancelled", { at: now() });
        const job = await tx.knowledgeJobs.findOfDocument(id);
        if (job !== undefined) await tx.knowledgeJobs.cancel(job.id, now());
      });
      deps.tidy();
      deps.wake();
      return get(viewer, ref);
    },
  };
}
