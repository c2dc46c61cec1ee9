import { createHash } from "node:crypto";
import { DomainError, type ExportedConversation, type ExportedFile } from "@llm-backend/contract";
import type { Attachment, FileStore } from "@llm-backend/storage";

/**
 * Reads the contents of files for a document, each once, in their order, as long as there is room. What finds no room,
 * and what is lost, is left out: it is named by its messages all the same.
 *
 * @param room - So many bytes the document may still grow by.
 */
export async function readContents(
  store: Pick<FileStore, "open">,
  files: Iterable<Attachment>,
  room: number,
): Promise<ExportedFile[]> {
  const contents = new Map<string, ExportedFile>();
  let left = room;
  for (const file of files) {
    const cost = toWrittenBytes(file.bytes);
    if (contents.has(file.hash) || cost > left) continue;
    const base64 = await readBase64(store, file);
    if (base64 === undefined) continue;
    contents.set(file.hash, { sha256: file.hash, base64 });
    left -= cost;
  }
  return [...contents.values()];
}

/** A file that a document brings along. */
export type BroughtFile = { readonly name: string; readonly bytes: Buffer };

/**
 * The files of a document whose contents it has, by each of their names. All are looked at before any is given.
 *
 * @throws DomainError `invalid_input` for a content that is not the one that it is called.
 */
export function readBrought(document: ExportedConversation): BroughtFile[] {
  const contents = new Map((document.files ?? []).map(({ sha256, base64 }) => [sha256, base64]));
  const brought = new Map<string, BroughtFile>();
  for (const { attachments = [] } of document.messages) {
    for (const { sha256, name } of attachments) {
      const base64 = contents.get(sha256);
      const title = `${sha256} ${name}`;
      if (base64 === undefined || brought.has(title)) continue;
      brought.set(title, { name, bytes: toBytes(sha256, base64) });
    }
  }
  return [...brought.values()];
}

function toBytes(sha256: string, base64: string): Buffer {
  const bytes = Buffer.from(base64, "base64");
  if (createHash("sha256").update(bytes).digest("hex") === sha256) return bytes;
  throw new DomainError("invalid_input", `document: the content of the file ${sha256} is another one.`);
}

/** Base64, and what stands around it. */
const toWrittenBytes = (bytes: number): number => Math.ceil(bytes / 3) * 4 + 128;

async function readBase64(store: Pick<FileStore, "open">, file: Attachment): Promise<string | undefined> {
  const handle = await store.open(file);
  if (handle === undefined) return undefined;
  try {
    return (await handle.readFile()).toString("base64");
  } finally {
    await handle.close();
  }
}
