import { DomainError, fileNameSchema } from "@llm-backend/contract";
import { getDocumentKind, type DocumentKind } from "@llm-backend/knowledge";
import type { KnowledgeDocument, NewFile, Repositories, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { NewId } from "../identity/new-id.ts";
import { getDocument, getOwn } from "./base-access.ts";
import type { KnowledgeSettings } from "./knowledge-settings.ts";

/** What uploading stands on. */
export type UploadDocumentDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  readonly settings: KnowledgeSettings;
};

/** A document as it comes. */
export type DocumentUpload = {
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** How many bytes the whole form is said to have; undefined: not said. */
  readonly formBytes?: number | undefined;
  /** Which base it is for: what a form says may come behind the file. */
  readonly readBaseId: () => string | undefined;
};

/** What came of an upload. */
export type StoredDocument = {
  readonly document: KnowledgeDocument;
  /** Whether it has to be read. */
  readonly isNew: boolean;
};

/**
 * Takes a document: stored means that it will be read, whatever becomes of this process. The content that a document has
 * already changes nothing, unless reading it has failed: then it is tried again. Another content under the same name is a
 * new version, which takes the place of the one before when it is ready.
 *
 * @throws DomainError `invalid_input` for a name that is none, no base and no bytes; `document_unreadable`, `not_found`,
 *   `forbidden`, `input_too_large`, `quota_exceeded`; `cancelled` when the sender breaks off.
 */
export async function uploadDocument(
  deps: UploadDocumentDeps,
  viewer: Viewer,
  upload: DocumentUpload,
): Promise<StoredDocument> {
  const { storage, settings } = deps;
  requireName(upload.name);
  if ((upload.formBytes ?? 0) > settings.fileBytesMax + formBytesMax) throw tooLarge(settings);
  const announced = upload.readBaseId();
  // Whoever may not is told before all of it is sent.
  if (announced !== undefined) await getOwn(storage, viewer, announced);
  await using file = await storage.files.create();
  const kind = await writeBody(file, upload, settings.fileBytesMax);
  const sealed = await file.seal();
  const baseId = upload.readBaseId();
  if (baseId === undefined) throw new DomainError("invalid_input", "kb_id: is missing.");
  const arrival = { baseId, name: upload.name, kind, fileKey: file.key, ...sealed };
  const stored = await storage.transaction((tx) => store(deps, tx, { viewer, arrival }));
  if (stored.document.newest.fileKey === file.key) {
    file.keep();
    await storage.files.settle({ hash: sealed.hash, fileKey: file.key });
  }
  return stored;
}

/** A document whose bytes are on the disk. */
type Arrival = {
  readonly hash: string;
  readonly bytes: number;
  readonly baseId: string;
  readonly name: string;
  readonly kind: DocumentKind;
  readonly fileKey: string;
};

async function store(
  deps: UploadDocumentDeps,
  tx: Repositories,
  { viewer, arrival }: { viewer: Viewer; arrival: Arrival },
): Promise<StoredDocument> {
  const { baseId, name, hash } = arrival;
  await getOwn(tx, viewer, baseId);
  const known = await tx.documents.findByName(baseId, name);
  if (known !== undefined && known.newest.hash === hash) {
    const { state } = known.newest;
    if (state !== "failed" && state !== "cancelled") return { document: known, isNew: false };
    await tx.documents.setVersionState(known.newest.id, "waiting");
    return begin(deps, tx, { baseId, documentId: known.id, versionId: known.newest.id });
  }
  await requireRoom(deps.settings, tx, { userId: viewer.userId, known, bytes: arrival.bytes });
  const documentId = known?.id ?? (await insert(deps, tx, arrival));
  if (known !== undefined && known.kind !== arrival.kind)
    await tx.documents.setKind(documentId, arrival.kind);
  const versionId = deps.newId.text("ver");
  const { fileKey, bytes } = arrival;
  const version = { id: versionId, documentId, hash, fileKey, bytes, createdAt: deps.now() };
  await tx.documents.insertVersion(version);
  return begin(deps, tx, { baseId, documentId, versionId });
}

async function insert(deps: UploadDocumentDeps, tx: Repositories, arrival: Arrival): Promise<string> {
  const { baseId, name, kind } = arrival;
  const id = deps.newId.text("doc");
  if (await tx.documents.insert({ id, baseId, name, kind, createdAt: deps.now() })) return id;
  throw new DomainError("conflict", "The knowledge base has just changed; send the document again.");
}

async function begin(
  deps: UploadDocumentDeps,
  tx: Repositories,
  given: { baseId: string; documentId: string; versionId: string },
): Promise<StoredDocument> {
  await tx.knowledgeJobs.insert({
    ...given,
    id: deps.newId.text("job"),
    kind: "ingest",
    createdAt: deps.now(),
  });
  return { document: await getDocument(tx, given), isNew: true };
}

async function requireRoom(
  { documentsPerUser, bytesPerUser }: KnowledgeSettings,
  tx: Repositories,
  given: { userId: number; known: KnowledgeDocument | undefined; bytes: number },
): Promise<void> {
  const { documents, bytes } = await tx.documents.measure(given.userId);
  if (given.known === undefined && documents >= documentsPerUser) {
    const message = `You have ${documents} documents, and can have no more; remove some.`;
    throw new DomainError("quota_exceeded", message);
  }
  const after = bytes - (given.known?.newest.bytes ?? 0) + given.bytes;
  if (after > bytesPerUser) {
    const message = `Your documents take ${bytes} of ${bytesPerUser} bytes; remove some.`;
    throw new DomainError("quota_exceeded", message);
  }
}

function requireName(name: string): void {
  const read = fileNameSchema.safeParse(name);
  if (read.success) return;
  throw new DomainError("invalid_input", `file: its name ${read.error.issues[0]?.message ?? "is not valid"}`);
}

/** No form has more beside its file. */
const formBytesMax = 4 * 1024 * 1024;

const tooLarge = ({ fileBytesMax }: Pick<KnowledgeSettings, "fileBytesMax">): DomainError =>
  new DomainError("input_too_large", `A document may have no more than ${fileBytesMax} bytes.`);

/** So much of a file tells what it is. */
const headBytes = 4096;

/** Writes the bytes as they come; what cannot be read is refused by how it begins. */
async function writeBody(
  file: NewFile,
  { name, body }: DocumentUpload,
  fileBytesMax: number,
): Promise<DocumentKind> {
  let bytes = 0;
  let kind: DocumentKind | undefined;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > fileBytesMax) throw tooLarge({ fileBytesMax });
    await file.write(chunk);
    if (bytes >= headBytes) kind ??= getDocumentKind(name, await file.read(0, headBytes));
  }
  if (bytes === 0) throw new DomainError("invalid_input", "The file is empty.");
  return kind ?? getDocumentKind(name, await file.read(0, headBytes));
}
