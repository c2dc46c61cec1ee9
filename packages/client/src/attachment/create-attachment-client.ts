import { createFileRequests, toFileError, type FileRequestsDeps } from "../transport/file-requests.ts";
import type { AttachmentDetail } from "../wire-types.ts";

/** The bytes of a file. */
export type FileContent = Blob | ArrayBuffer | Uint8Array | string;

/** What is said of a file beside its bytes. */
export type UploadOptions = {
  /** What the file is called. @default the name of a `File` */
  readonly name?: string;
  readonly signal?: AbortSignal;
};

/** A file that has come. */
export type UploadedAttachment = Omit<AttachmentDetail, "uploadedAt">;

/** Files to send with messages. */
export type AttachmentClient = {
  /**
   * Brings an image (PNG, JPEG, WebP, GIF) or a text to the server, to be sent with a message. The same file again gives
   * the same attachment, so that it can be repeated.
   *
   * @example
   * const { attachmentId } = await client.attachments.upload("a,b\n1,2", { name: "table.csv" });
   * client.chat.stream({ conversationId, message: "What is b?", attachmentIds: [attachmentId] });
   */
  upload(content: FileContent, options?: UploadOptions): Promise<UploadedAttachment>;
  /** Reads a file back. */
  download(attachmentId: string, options?: { readonly signal?: AbortSignal }): Promise<Blob>;
};

type Wire = {
  readonly attachment_id: string;
  readonly name: string;
  readonly media_type: AttachmentDetail["mediaType"];
  readonly bytes: number;
  readonly sha256: string;
};

/** Creates the calls. */
export function createAttachmentClient(deps: FileRequestsDeps): AttachmentClient {
  const base = new URL(deps.url);
  base.pathname = base.pathname.replace(/\/trpc$/, "/api/attachments");

  const ask = createFileRequests(deps);

  return {
    async upload(content, { name = toName(content), signal } = {}) {
      const response = await ask(base.href, {
        method: "POST",
        headers: { "x-file-name": encodeURIComponent(name) },
        body: content as BodyInit,
        ...(signal === undefined ? {} : { signal }),
      });
      if (!response.ok) throw await toFileError(response);
      return toUploaded((await response.json()) as Wire);
    },
    async download(attachmentId, { signal } = {}) {
      const response = await ask(
        `${base.href}/${encodeURIComponent(attachmentId)}`,
        signal === undefined ? {} : { signal },
      );
      if (!response.ok) throw await toFileError(response);
      return response.blob();
    },
  };
}

function toName(content: FileContent): string {
  return typeof content === "object" && "name" in content && typeof content.name === "string"
    ? content.name
    : "";
}

function toUploaded(wire: Wire): UploadedAttachment {
  return {
    attachmentId: wire.attachment_id,
    name: wire.name,
    mediaType: wire.media_type,
    bytes: wire.bytes,
    sha256: wire.sha256,
  };
}
