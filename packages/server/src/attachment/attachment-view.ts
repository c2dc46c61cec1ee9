import type { AttachmentDetail, AttachmentView } from "@llm-backend/contract";
import type { Attachment } from "@llm-backend/storage";

/** A file as its message shows it. */
export function toAttachmentView({ id: attachmentId, name, mediaType, bytes }: Attachment): AttachmentView {
  return { attachmentId, name, mediaType, bytes };
}

/** A file as its owner sees it. */
export function toAttachmentDetail(attachment: Attachment): AttachmentDetail {
  const { hash: sha256, uploadedAt } = attachment;
  return { ...toAttachmentView(attachment), sha256, uploadedAt: new Date(uploadedAt) };
}
