import type { FileContent } from "../attachment/create-attachment-client.ts";
import { createFileRequests, toFileError, type FileRequestsDeps } from "../transport/file-requests.ts";

/** Which base a document is for, and what is said of it beside its bytes. */
export type DocumentUploadOptions = {
  readonly baseId: string;
  /** What the document is called; its ending says what it is. @default the name of a `File` */
  readonly name?: string;
  readonly signal?: AbortSignal;
};

/** A document that has come. */
export type UploadedDocument = {
  readonly documentId: string;
  readonly baseId: string;
  readonly name: string;
  /** False: the base has this very document already, and nothing is done. */
  readonly isNew: boolean;
};

/** Documents of knowledge bases. */
export type DocumentClient = {
  /**
   * Brings a document to a knowledge base: txt, md, html, pdf, docx, csv, json, source code. It is stored when this
   * resolves, and found when it is ready: `knowledge.jobs` tells. The same file again changes nothing, so that it can be
   * repeated; another one of the same name takes its place.
   *
   * @example
   * const { documentId } = await client.documents.upload(file, { baseId });
   */
  upload(content: FileContent, options: DocumentUploadOptions): Promise<UploadedDocument>;
};

type Wire = {
  readonly doc_id: string;
  readonly kb_id: string;
  readonly doc_name: string;
  readonly is_new: boolean;
};

/** Creates the calls. */
export function createDocumentClient(deps: FileRequestsDeps): DocumentClient {
  const url = new URL(deps.url);
  url.pathname = url.pathname.replace(/\/trpc$/, "/api/rag/doc/upload");
  const ask = createFileRequests(deps);
  return {
    async upload(content, { baseId, name, signal }) {
      const form = new FormData();
      form.append("kb_id", baseId);
      form.append("file", ...toPart(content, name));
      const response = await ask(url.href, {
        method: "POST",
        body: form,
        ...(signal === undefined ? {} : { signal }),
      });
      if (!response.ok) throw await toFileError(response);
      const wire = (await response.json()) as Wire;
      return { documentId: wire.doc_id, baseId: wire.kb_id, name: wire.doc_name, isNew: wire.is_new };
    },
  };
}

function toPart(content: FileContent, name: string | undefined): [Blob, string] {
  const blob = content instanceof Blob ? content : new Blob([content as BlobPart]);
  return [blob, name ?? ("name" in blob && typeof blob.name === "string" ? blob.name : "")];
}
