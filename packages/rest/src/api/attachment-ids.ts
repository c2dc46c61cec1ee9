import { z } from "zod";

/** Documents the field; the procedure is what validates it. */
export const attachmentIdsField = z
  .array(z.string())
  .optional()
  .meta({ description: "The files that belong to the message, as `POST /api/attachments` names them" });

/** Reads the field in the words of the procedures. */
export function readAttachmentIds(body: Readonly<Record<string, unknown>>): { attachmentIds?: string[] } {
  const { attachment_ids: attachmentIds } = body;
  return attachmentIds === undefined ? {} : { attachmentIds: attachmentIds as string[] };
}
