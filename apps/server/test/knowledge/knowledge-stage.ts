import type { DocumentView, KnowledgeBaseView } from "@llm-backend/contract";
import { until, type StageUser } from "../callers/chat-stage.ts";
import type { RestCaller } from "../callers/rest-caller.ts";
import type { TrpcCaller } from "../callers/trpc-caller.ts";

/** What the REST face answers to an upload. */
export type UploadAnswer = {
  readonly success: boolean;
  readonly message: string;
  readonly doc_id: string;
  readonly doc_name: string;
  readonly file_type: string;
  readonly state: string;
  readonly is_new: boolean;
};

/** A document to send. */
export type SentFile = { readonly name: string; readonly content: string | Uint8Array };

/** Makes a base. */
export async function createBase(
  trpc: TrpcCaller,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const base = await trpc.mutate<KnowledgeBaseView>("knowledge.createBase", { name: "A base", ...fields });
  return base.baseId;
}

/** Sends a form, whatever becomes of it. */
export function trySend(
  rest: Pick<RestCaller, "url" | "token">,
  fields: readonly (readonly [name: string, value: string | SentFile])[],
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([value.content as BlobPart]), value.name);
  }
  const headers = { authorization: `Bearer ${rest.token}` };
  return fetch(`${rest.url}/api/rag/doc/upload`, { method: "POST", headers, body: form });
}

/** Sends a document that is taken. */
export async function send(rest: RestCaller, baseId: string, file: SentFile): Promise<UploadAnswer> {
  const answer = await trySend(rest, [
    ["kb_id", baseId],
    ["file", file],
  ]);
  if (answer.status !== 200) throw new Error(`upload: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as UploadAnswer;
}

/** Reads a document. */
export const readDocument = (trpc: TrpcCaller, baseId: string, documentId: string): Promise<DocumentView> =>
  trpc.query<DocumentView>("knowledge.documents.get", { baseId, documentId });

/** Waits until a document has ended its way. */
export async function untilSettled(
  trpc: TrpcCaller,
  baseId: string,
  documentId: string,
): Promise<DocumentView> {
  let document: DocumentView | undefined;
  await until(
    async () => {
      document = await readDocument(trpc, baseId, documentId);
      return ["ready", "failed", "cancelled"].includes(document.state);
    },
    `the document ${documentId} to be read`,
    30_000,
  );
  return document as DocumentView;
}

/** Makes a base with documents that are found. @returns their ids, in their order, behind the base's. */
export async function fillBase(
  { rest, trpc }: StageUser,
  files: readonly SentFile[],
  fields: Readonly<Record<string, unknown>> = {},
): Promise<[baseId: string, ...documentIds: string[]]> {
  const baseId = await createBase(trpc, fields);
  const sent = await Promise.all(files.map((file) => send(rest, baseId, file)));
  for (const { doc_id: id, doc_name: name } of sent) {
    const document = await untilSettled(trpc, baseId, id);
    if (document.state !== "ready") throw new Error(`${name}: ${JSON.stringify(document)}`);
  }
  return [baseId, ...sent.map(({ doc_id: id }) => id)];
}
