import { z } from "zod";
import { attachmentIdSchema } from "./ids.ts";
import { storableLine } from "./text.ts";

/** The longest name of a file, in characters. */
export const fileNameCharsMax = 255;

/** What a file is called: one line, and no path. It names the file to people and models, and nothing on a disk. */
export const fileNameSchema = storableLine(fileNameCharsMax).refine(
  (name) => !/[/\\]/.test(name) && name !== "." && name !== "..",
  { error: "must be the name of a file, without a path" },
);

/** No configuration allows a message more. */
const attachmentsMax = 100;

/** The files of a message, in the order in which the model is shown them. */
export const attachmentIdsSchema = z
  .array(attachmentIdSchema)
  .max(attachmentsMax)
  .refine((ids) => new Set(ids).size === ids.length, { error: "names a file twice" });

/** What a file is, found out from its bytes: what its sender says of it counts for nothing. */
export const mediaTypeSchema = z.enum(["image/png", "image/jpeg", "image/webp", "image/gif", "text/plain"]);
export type MediaType = z.infer<typeof mediaTypeSchema>;

/** A file as its message shows it. */
export const attachmentSchema = z.object({
  attachmentId: z.string(),
  name: z.string(),
  mediaType: mediaTypeSchema,
  bytes: z.int(),
});
export type AttachmentView = z.infer<typeof attachmentSchema>;

/** A file as its owner sees it. */
export const attachmentDetailSchema = attachmentSchema.extend({
  /** Of its bytes, in hexadecimal. */
  sha256: z.string(),
  /** When it was brought, the last time. */
  uploadedAt: z.date(),
});
export type AttachmentDetail = z.infer<typeof attachmentDetailSchema>;

export const attachmentRefInput = z.strictObject({ attachmentId: attachmentIdSchema });
export type AttachmentRefInput = z.infer<typeof attachmentRefInput>;

export const listAttachmentsInput = z.strictObject({
  /** The `nextCursor` of the page before. */
  cursor: attachmentIdSchema.optional(),
  limit: z.int().min(1).max(100).default(50),
});
export type ListAttachmentsInput = z.infer<typeof listAttachmentsInput>;

export const attachmentPageSchema = z.object({
  /** Newest first. */
  attachments: z.array(attachmentDetailSchema),
  nextCursor: z.string().nullable(),
  /** What all files of the user take, each content once. */
  bytesUsed: z.int(),
  bytesMax: z.int(),
});
export type AttachmentPage = z.infer<typeof attachmentPageSchema>;
