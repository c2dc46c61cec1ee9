import { DomainError } from "@llm-backend/contract";
import type { Attachment, AttachmentBlob, NewFile, Repositories, Storage } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";
import type { AttachmentLimits } from "./attachment-limits.ts";

/** What storing stands on. */
export type StoreFileDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  readonly limits: AttachmentLimits;
};

/** A file whose bytes are on the disk. */
export type ArrivedFile = {
  readonly userId: number;
  readonly name: string;
  readonly file: NewFile;
  readonly blob: AttachmentBlob;
};

/**
 * Makes an arrived file one of its user's. A content that is there already keeps its file, and the same content under
 * the same name is the same attachment, so that an upload can be repeated.
 *
 * @throws DomainError `quota_exceeded`
 */
export async function storeFile(deps: StoreFileDeps, arrived: ArrivedFile): Promise<Attachment> {
  const { storage } = deps;
  const { file, blob } = arrived;
  const stored = await storage.transaction((tx) => insert(deps, tx, arrived));
  const isNeeded = stored.fileKey === blob.fileKey || (await replaceLost(storage, stored, blob));
  if (!isNeeded) return stored;
  file.keep();
  await storage.files.settle(blob);
  return { ...stored, fileKey: blob.fileKey };
}

async function insert(deps: StoreFileDeps, tx: Repositories, arrived: ArrivedFile): Promise<Attachment> {
  const { userId, name, blob } = arrived;
  const { hash } = blob;
  const uploadedAt = deps.now();
  const known = await tx.attachments.findByContent(userId, { hash, name });
  if (known !== undefined) {
    await tx.attachments.renew(known.id, uploadedAt);
    return { ...known, uploadedAt };
  }
  await requireRoom(deps.limits, tx, arrived);
  await tx.attachments.insertBlob(blob);
  const attachment = { id: deps.newId.text("att"), userId, hash, name, uploadedAt };
  await tx.attachments.insert(attachment);
  return { ...((await tx.attachments.findBlob(hash)) ?? blob), ...attachment };
}

async function requireRoom(
  limits: AttachmentLimits,
  tx: Repositories,
  { userId, blob }: ArrivedFile,
): Promise<void> {
  const { files, bytes } = await tx.attachments.measure(userId);
  if (files >= limits.filesPerUser) {
    throw new DomainError("quota_exceeded", `You have ${files} files, and can have no more; remove some.`);
  }
  const hasContent = (await tx.attachments.findByContent(userId, { hash: blob.hash })) !== undefined;
  if (!hasContent && bytes + blob.bytes > limits.bytesPerUser) {
    throw new DomainError(
      "quota_exceeded",
      `Your files take ${bytes} of ${limits.bytesPerUser} bytes; remove some.`,
    );
  }
}

/** Puts a file in the place of one that is lost, as after a backup that was restored without its files. */
async function replaceLost(storage: Storage, lost: AttachmentBlob, found: AttachmentBlob): Promise<boolean> {
  const handle = await storage.files.open(lost);
  if (handle !== undefined) {
    await handle.close();
    return false;
  }
  return storage.transaction(async (tx) => {
    await tx.attachments.insertBlob(found, lost.fileKey);
    return (await tx.attachments.findBlob(found.hash))?.fileKey === found.fileKey;
  });
}
