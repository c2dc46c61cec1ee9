/** Contents, each stored once whoever brought it. The bytes are in a file. */
export type AttachmentBlobTable = {
  /** SHA-256 of the bytes, in hexadecimal. */
  hash: string;
  /** Names the file; a content that comes anew after it was removed has another one. */
  file_key: string;
  media_type: string;
  bytes: number;
  /** What it costs in a prompt, as far as we can tell. */
  tokens: number;
};

/** What a user has brought. */
export type AttachmentTable = {
  id: string;
  user_id: number;
  hash: string;
  name: string;
  uploaded_at: number;
  /** Since when it belongs to no message; null: it does. */
  waiting_since: number | null;
};

/** Which files belong to which message. */
export type MessageAttachmentTable = {
  conversation_id: number;
  message_id: string;
  position: number;
  attachment_id: string;
};

/** Contents that have lost a file, and may belong to nobody any more. */
export type AttachmentLeftoverTable = { hash: string };
