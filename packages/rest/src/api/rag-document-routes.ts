import { DomainError, type DocumentView, type UploadedDocument } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { z } from "zod";
import {
  bareAnswer,
  docId,
  documentFields,
  done,
  kbId,
  ragErrors,
  ragRow,
  readDocId,
  readKbId,
} from "./rag-parts.ts";
import { readMultipart, type FormPart } from "./read-multipart.ts";
import { readPages } from "./read-pages.ts";
import type { FileGiven, JsonRoute, RouteRequest, UploadRoute } from "./route.ts";

const base = { ...ragRow, kind: "json", status: 200, errors: ragErrors } as const;
const reference = z.object({ kb_id: kbId, doc_id: docId });
const doc = z.object(documentFields);

const uploadRoute: UploadRoute = {
  ...ragRow,
  kind: "upload",
  method: "POST",
  path: "/api/rag/doc/upload",
  summary:
    "Takes a document; it is found once it is ready. The same file again changes nothing, another one of the same name takes its place",
  form: z.object({
    kb_id: kbId,
    file: z
      .string()
      .meta({ format: "binary", description: "txt, md, html, pdf, docx, csv, json, source code" }),
  }),
  status: 200,
  answer: z.object({ ...done, ...documentFields, is_new: z.boolean() }),
  errors: {
    ...ragErrors,
    413: "The file has too many bytes",
    415: "The body is no form",
    422: "The file is of no kind that is read",
    429: "You have too many documents already, or send too many at once",
    503: "The disk of the server takes nothing just now",
  },
  async receive(given, body) {
    const { document, isNew } = await receiveForm(given, body);
    const message = isNew ? "Document uploaded successfully" : "The knowledge base has this document already";
    return { success: true, message, ...toDoc(document), is_new: isNew };
  },
};

/** Documents of knowledge bases: sending, listing, removing them. */
export const ragDocumentRoutes: readonly (JsonRoute | UploadRoute)[] = [
  uploadRoute,
  {
    ...base,
    method: "GET",
    path: "/api/rag/doc/list",
    summary: "The documents of a knowledge base, newest first",
    query: { kb_id: { description: "The knowledge base's id", schema: kbId } },
    answer: z.object({ ...done, docs: z.array(doc) }),
    async call(caller, { query }) {
      const docs = (await listAll(caller, readKbId(query.kb_id))).map(toDoc);
      return { success: true, message: "Documents listed successfully", docs };
    },
  },
  {
    ...base,
    method: "POST",
    path: "/api/rag/doc/delete",
    summary: "Removes a document",
    body: reference,
    answer: bareAnswer,
    async call(caller, request) {
      await caller.knowledge.documents.remove(readReference(request));
      return { success: true, message: "Document deleted successfully" };
    },
  },
  {
    ...base,
    method: "POST",
    path: "/api/rag/doc/get",
    summary: "Where a document stands",
    body: reference,
    answer: z.object({ ...done, ...documentFields }),
    async call(caller, request) {
      const view = await caller.knowledge.documents.get(readReference(request));
      return { success: true, message: "Document found", ...toDoc(view) };
    },
  },
  {
    ...base,
    method: "POST",
    path: "/api/rag/doc/retry",
    summary: "Reads a document again that failed, or was cancelled",
    body: reference,
    answer: z.object({ ...done, ...documentFields }),
    errors: { ...ragErrors, 409: "The document is ready, or on its way" },
    async call(caller, request) {
      const view = await caller.knowledge.documents.retry(readReference(request));
      return { success: true, message: "Document is read again", ...toDoc(view) };
    },
  },
  {
    ...base,
    method: "POST",
    path: "/api/rag/doc/cancel",
    summary: "Gives up reading a document; what was found of it before stays",
    body: reference,
    answer: z.object({ ...done, ...documentFields }),
    async call(caller, request) {
      const view = await caller.knowledge.documents.cancel(readReference(request));
      return { success: true, message: "Document cancelled", ...toDoc(view) };
    },
  },
];

/** What a field of a form may have. */
const fieldBytesMax = 4096;

/** The fields may stand before the file and behind it: it is stored once all of them are known. */
async function receiveForm(
  { services, viewer, request }: FileGiven,
  body: AsyncIterable<Uint8Array>,
): Promise<UploadedDocument> {
  const fields = new Map<string, string>();
  await using cleanup = new AsyncDisposableStack();
  const parts = cleanup.use(readMultipart(body, request.header("content-type")));
  const file = await nextFile(parts, fields);
  if (file?.fileName === undefined) throw new DomainError("invalid_input", "file: is missing.");
  async function* readAll(given: FormPart): AsyncGenerator<Uint8Array, void> {
    yield* given.body;
    if ((await nextFile(parts, fields)) !== undefined) {
      throw new DomainError("invalid_input", "file: there may be only one.");
    }
  }
  return await services.knowledge.documents.upload(viewer, {
    name: file.fileName,
    body: readAll(file),
    formBytes: Number(request.header("content-length") ?? 0),
    readBaseId() {
      const id = fields.get("kb_id");
      return id === undefined ? undefined : readKbId(id.trim());
    },
  });
}

/** Reads fields up to the next file. */
async function nextFile(
  parts: AsyncGenerator<FormPart, void>,
  fields: Map<string, string>,
): Promise<FormPart | undefined> {
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
    const part = next.value;
    if (part.fileName !== undefined) return part;
    fields.set(part.name, await readField(part));
  }
  return undefined;
}

async function readField({ name, body }: FormPart): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > fieldBytesMax) throw new DomainError("invalid_input", `${name}: is too long.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readReference({ body }: RouteRequest): { baseId: string; documentId: string } {
  return { baseId: readKbId(body.kb_id), documentId: readDocId(body.doc_id) };
}

async function listAll(caller: Caller, baseId: string): Promise<DocumentView[]> {
  const all: DocumentView[] = [];
  for await (const { documents } of readPages(caller.knowledge.documents.list, { baseId, limit: 100 }))
    all.push(...documents);
  return all;
}

function toDoc(view: DocumentView): z.infer<typeof doc> {
  return {
    doc_id: view.documentId,
    kb_id: view.baseId,
    doc_name: view.name,
    file_type: view.kind,
    state: view.state,
    is_searchable: view.isSearchable,
    passages: view.passageCount,
    bytes: view.bytes,
    error: view.failure?.message ?? null,
    uploaded_time: Math.floor(view.uploadedAt.getTime() / 1000),
  };
}
