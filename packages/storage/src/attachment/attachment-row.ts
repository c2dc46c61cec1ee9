import type { MediaType } from "@llm-backend/contract";
import type { Selectable } from "kysely";
import type { AttachmentBlobTable, AttachmentTable } from "./attachment-table.ts";

/** A content, and where its bytes are. */
export type AttachmentBlob = {
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly hash: string;
  readonly fileKey: string;
  readonly mediaType: MediaType;
  readonly bytes: number;
  /** What it costs in a prompt, as far as we can tell. */
  readonly tokens: number;
};

/** A file that a user has brought. */
export type Attachment = AttachmentBlob & {
  readonly id: string;
  readonly userId: number;
  readonly name: string;
  /** When it was brought, the last time. */
  readonly uploadedAt: number;
};

/** Reads a row of `attachments` together with that of its content. */
export function toAttachment(row: Selectable<AttachmentTable> & Selectable<AttachmentBlobTable>): Attachment {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    uploadedAt: row.uploaded_at,
    ...toAttachmentBlob(row),
  };
}

/** Reads a row of `attachment_blobs`. */
export function toAttachmentBlob(row: Selectable<AttachmentBlobTable>): AttachmentBlob {
  return {
    hash: row.hash,
    fileKey: row.file_key,
    mediaType: row.media_type as MediaType,
    bytes: row.bytes,
    tokens: row.tokens,
  };
}
