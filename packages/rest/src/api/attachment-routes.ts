import { DomainError, mediaTypeSchema, type AttachmentDetail } from "@llm-backend/contract";
import { z } from "zod";
import type { FileRoute, JsonRoute, RouteRequest, UploadRoute } from "./route.ts";

const group = "Attachments";
const noToken = "No valid token";
const absent = "There is no such file of yours";
const params = { attachment_id: { description: "The file's id", schema: z.string() } };

const attachment = z.object({
  attachment_id: z.string(),
  name: z.string(),
  media_type: mediaTypeSchema,
  bytes: z.int(),
  sha256: z.string(),
  uploaded_time: z.int().meta({ description: "Unix seconds" }),
});

const uploadRoute: UploadRoute = {
  kind: "upload",
  method: "POST",
  path: "/api/attachments",
  access: "user",
  group,
  summary: "Takes an image or a text, to be sent with a message; the bytes are the body",
  headers: { "X-File-Name": "What the file is called: UTF-8, percent-encoded" },
  status: 201,
  answer: attachment,
  errors: {
    400: "The name is missing or not valid, or there are no bytes",
    401: noToken,
    413: "The file has too many bytes, or the image too many pixels",
    415: "The bytes are neither a PNG, JPEG, WebP or GIF image nor a text in UTF-8",
    429: "You have too many files already, or send too many at once",
    503: "The disk of the server takes nothing just now",
  },
  async receive({ services, viewer, request }, body) {
    const upload = { name: readFileName(request), body, bytes: readLength(request) };
    return toAttachment(await services.attachments.upload(viewer, upload));
  },
};

const fileRoute: FileRoute = {
  kind: "file",
  method: "GET",
  path: "/api/attachments/:attachment_id",
  access: "user",
  group,
  summary: "The bytes of a file, as they came",
  params,
  errors: { 401: noToken, 404: absent },
  open: ({ services, viewer, request }) =>
    services.attachments.open(viewer, request.params.attachment_id ?? ""),
};

const listRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/attachments/list",
  access: "user",
  group,
  summary: "Your files, newest first",
  body: z.object({ cursor: z.string().optional(), limit: z.int().optional() }),
  status: 200,
  answer: z.object({
    attachments: z.array(attachment),
    next_cursor: z.string().nullable(),
    bytes_used: z.int(),
    bytes_max: z.int(),
  }),
  errors: { 400: "The input is not valid", 401: noToken },
  async call(caller, { body }) {
    const page = await caller.attachment.list({ ...body });
    return {
      attachments: page.attachments.map(toAttachment),
      next_cursor: page.nextCursor,
      bytes_used: page.bytesUsed,
      bytes_max: page.bytesMax,
    };
  },
};

const removeRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/attachments/del/:attachment_id",
  access: "user",
  group,
  summary: "Removes a file, also from the messages that it belongs to",
  params,
  status: 200,
  answer: z.object({ message: z.string() }),
  errors: { 400: "The id is not valid", 401: noToken, 404: absent },
  async call(caller, { params: { attachment_id: attachmentId = "" } }) {
    await caller.attachment.remove({ attachmentId });
    return { message: "Attachment deleted successfully" };
  },
};

/** Files that belong to messages: sending, reading, removing them. */
export const attachmentRoutes: readonly (FileRoute | JsonRoute | UploadRoute)[] = [
  uploadRoute,
  fileRoute,
  listRoute,
  removeRoute,
];

function toAttachment(view: AttachmentDetail): z.infer<typeof attachment> {
  return {
    attachment_id: view.attachmentId,
    name: view.name,
    media_type: view.mediaType,
    bytes: view.bytes,
    sha256: view.sha256,
    uploaded_time: Math.floor(view.uploadedAt.getTime() / 1000),
  };
}

/** A header holds no more than Latin letters. */
function readFileName(request: RouteRequest): string {
  const header = request.header("x-file-name");
  if (header === undefined) throw new DomainError("invalid_input", "X-File-Name: is missing.");
  try {
    return decodeURIComponent(header);
  } catch (cause) {
    throw new DomainError("invalid_input", "X-File-Name: is not percent-encoded UTF-8.", { cause });
  }
}

function readLength(request: RouteRequest): number | undefined {
  const length = request.header("content-length");
  return length === undefined ? undefined : Number(length);
}
