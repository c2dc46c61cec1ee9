import type { FileHandle } from "node:fs/promises";
import {
  DomainError,
  fileNameSchema,
  type AttachmentDetail,
  type AttachmentPage,
  type ListAttachmentsInput,
} from "@llm-backend/contract";
import type { Attachment } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import { toAttachmentDetail } from "./attachment-view.ts";
import { receiveFile, type FileBody } from "./receive-file.ts";
import { storeFile, type StoreFileDeps } from "./store-file.ts";
import { sweepFiles } from "./sweep-files.ts";
import { createUploadPlaces } from "./upload-places.ts";

/** What the service stands on. */
export type AttachmentServiceDeps = StoreFileDeps;

/** A file as it comes. */
export type Upload = {
  readonly name: string;
  readonly body: FileBody;
  /** How many bytes its sender has announced. */
  readonly bytes: number | undefined;
};

/** A file to read. */
export type OpenedFile = {
  readonly attachment: AttachmentDetail;
  /** To be closed by the caller. */
  readonly handle: FileHandle;
};

/** The files of a user. */
export type AttachmentService = ReturnType<typeof createAttachmentService>;

/** Creates the service. A foreign file and an absent one are the same: `not_found`. */
export function createAttachmentService(deps: AttachmentServiceDeps) {
  const { storage, limits } = deps;
  const places = createUploadPlaces();

  async function find(viewer: Viewer, attachmentId: string): Promise<Attachment> {
    const [attachment] = await storage.attachments.listOwn(viewer.userId, [attachmentId]);
    if (attachment === undefined) throw new DomainError("not_found", "There is no such file.");
    return attachment;
  }

  return {
    /**
     * Takes a file. It belongs to no message yet, and is removed after a day if none is sent with it. The same bytes
     * again, under the same name, give the same attachment.
     *
     * @throws DomainError `invalid_input` for a name that is none and for no bytes, `unsupported_media_type`,
     *   `input_too_large`, `quota_exceeded`, `rate_limited`; `cancelled` when the sender breaks off.
     */
    async upload(viewer: Viewer, { name, body, bytes: announced = 0 }: Upload): Promise<AttachmentDetail> {
      requireName(name);
      const bytesMax = Math.max(limits.imageBytesMax, limits.textBytesMax);
      if (announced > bytesMax) {
        throw new DomainError("input_too_large", `A file may have no more than ${bytesMax} bytes.`);
      }
      await using cleanup = new AsyncDisposableStack();
      cleanup.use(places.take(viewer.userId));
      const file = cleanup.use(await storage.files.create());
      const { mediaType, tokens } = await receiveFile(body, file, limits);
      const { hash, bytes } = await file.seal();
      const blob = { hash, fileKey: file.key, mediaType, bytes, tokens };
      return toAttachmentDetail(await storeFile(deps, { userId: viewer.userId, name, file, blob }));
    },

    /** @throws DomainError `not_found` */
    get: async (viewer: Viewer, attachmentId: string): Promise<AttachmentDetail> =>
      toAttachmentDetail(await find(viewer, attachmentId)),

    /** Opens a file for reading. @throws DomainError `not_found` */
    async open(viewer: Viewer, attachmentId: string): Promise<OpenedFile> {
      const attachment = await find(viewer, attachmentId);
      const handle = await storage.files.open(attachment);
      if (handle === undefined) throw new DomainError("not_found", "The bytes of this file are lost.");
      return { attachment: toAttachmentDetail(attachment), handle };
    },

    /** One page of the viewer's files, newest first. */
    async list(viewer: Viewer, { cursor, limit }: ListAttachmentsInput): Promise<AttachmentPage> {
      const { userId } = viewer;
      const rows = await storage.attachments.list(userId, { before: cursor, limit: limit + 1 });
      const { bytes } = await storage.attachments.measure(userId);
      const page = rows.slice(0, limit);
      return {
        attachments: page.map(toAttachmentDetail),
        nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
        bytesUsed: bytes,
        bytesMax: limits.bytesPerUser,
      };
    },

    /** Removes a file, also from the messages that it belongs to. @throws DomainError `not_found` */
    async remove(viewer: Viewer, attachmentId: string): Promise<void> {
      const isGone = await storage.transaction((tx) => tx.attachments.delete(attachmentId, viewer.userId));
      if (!isGone) throw new DomainError("not_found", "There is no such file.");
    },

    /** Removes what is no longer needed. @throws the signal's reason, between two steps, once it is aborted. */
    sweep: (signal?: AbortSignal): Promise<void> => sweepFiles(storage, deps.now(), signal),
  };
}

function requireName(name: string): void {
  const read = fileNameSchema.safeParse(name);
  if (read.success) return;
  throw new DomainError("invalid_input", `name: ${read.error.issues[0]?.message ?? "is not valid"}`);
}
