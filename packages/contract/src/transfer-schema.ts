import { z } from "zod";
import { fileNameSchema, mediaTypeSchema } from "./attachment-schema.ts";
import { citationSchema, topKMax } from "./citation-schema.ts";
import { conversationSchema, modelNameSchema } from "./conversation-schema.ts";
import { integerIdSchema } from "./ids.ts";
import { usageSchema } from "./run-events.ts";
import { storableLine, storableText, titleCharsMax } from "./text.ts";
import { toolFailureSchema } from "./tool-schema.ts";

/** So many messages one document may hold. */
const messagesMax = 50_000;
/** The longest text of one message: an answer may be longer than what a user can send. */
const contentCharsMax = 8_000_000;

/** A moment as text, so that the document is the same on every wire. */
const moment = z.iso.datetime({ offset: true });
/** Names a message within its document; only there does it mean anything. */
const place = z.string().regex(/^[\w.:-]{1,64}$/, "expected 1 to 64 letters, digits, or any of _ . : -");

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");
/** So many calls one answer may have made. */
const callsMax = 10_000;
/** So many contents one document may have. */
const filesMax = 100_000;
/** Base64 of the largest file that any configuration takes. */
const base64CharsMax = 139_810_136;

/** A file of a message, by its content: the bytes stand at the end of the document, or its user has them already. */
export const exportedAttachmentSchema = z.strictObject({
  name: fileNameSchema,
  mediaType: mediaTypeSchema,
  bytes: z.int().min(1),
  sha256,
});
export type ExportedAttachment = z.infer<typeof exportedAttachmentSchema>;

/** A content that messages name by its hash. */
export const exportedFileSchema = z.strictObject({
  sha256,
  base64: z
    .string()
    .min(4)
    .max(base64CharsMax)
    // What is in the wrong place in it gives another content than the hash says.
    .refine((text) => !/[^A-Za-z0-9+/=]/.test(text), "expected base64"),
});
export type ExportedFile = z.infer<typeof exportedFileSchema>;

/** A call of a tool, and what came of it. */
export const exportedToolCallSchema = z.strictObject({
  callId: storableText(64),
  name: storableText(64),
  arguments: storableText(contentCharsMax),
  state: z.enum(["open", "done", "failed"]),
  failure: toolFailureSchema.nullable(),
  text: storableText(contentCharsMax).nullable(),
  ms: z.int().min(0).nullable(),
});
export type ExportedToolCall = z.infer<typeof exportedToolCallSchema>;

/** What a citation names is another server's: it can be shown, and leads nowhere. */
export const exportedCitationSchema = z.strictObject({
  ...citationSchema.shape,
  documentName: storableText(1000),
  headings: z.array(storableText(1000)).max(20),
});

export const exportedMessageSchema = z.strictObject({
  id: place,
  /** The message that it follows, which stands before it in the document; `null` at the beginning. */
  parentId: place.nullable(),
  role: z.enum(["user", "assistant"]),
  content: storableText(contentCharsMax),
  reasoning: storableText(contentCharsMax).nullable(),
  /** The model of an answer. */
  model: storableText(256).nullable(),
  finishReason: storableText(64).nullable(),
  usage: usageSchema.nullable(),
  createdAt: moment,
  attachments: z.array(exportedAttachmentSchema).max(100).optional(),
  /** The tools that were called for an answer, in order. */
  toolCalls: z.array(exportedToolCallSchema).max(callsMax).optional(),
  /** The passages that an answer was given to read. */
  citations: z.array(exportedCitationSchema).max(topKMax).optional(),
});
export type ExportedMessage = z.infer<typeof exportedMessageSchema>;

/** A whole conversation, with all branches, as one document. Keys are never in it. */
export const exportedConversationSchema = z.strictObject({
  format: z.literal("llm-backend-conversation"),
  /** 2: there are calls of tools, citations, or contents of files. A document of a higher version is refused. */
  version: z.literal([1, 2]),
  title: storableLine(titleCharsMax).or(z.literal("")),
  titleSource: z.enum(["user", "model", "words"]),
  model: modelNameSchema,
  systemPrompt: storableText(100_000).nullable(),
  pinned: z.boolean(),
  archived: z.boolean(),
  /** The newest message of the branch that is shown. */
  headMessageId: place.nullable(),
  createdAt: moment,
  updatedAt: moment,
  /** Every message stands behind the one that it follows. */
  messages: z.array(exportedMessageSchema).max(messagesMax),
  /** The contents of the messages' files, each once, as far as there was room for them. */
  files: z.array(exportedFileSchema).max(filesMax).optional(),
});
export type ExportedConversation = z.infer<typeof exportedConversationSchema>;

export const exportConversationInput = z.strictObject({
  conversationId: integerIdSchema,
  /** `json` can be imported again; `markdown` is for reading, and has the branch that is shown. */
  format: z.enum(["json", "markdown"]).default("json"),
});
export type ExportConversationInput = z.infer<typeof exportConversationInput>;

export const exportResultSchema = z.discriminatedUnion("format", [
  z.object({ format: z.literal("json"), document: exportedConversationSchema }),
  z.object({ format: z.literal("markdown"), text: z.string() }),
]);
export type ExportResult = z.infer<typeof exportResultSchema>;

export const exportAllInput = z.strictObject({
  /** The id of the last document that arrived: what follows begins behind it. */
  lastEventId: z
    .string()
    .regex(/^[1-9]\d{0,15}$/)
    .nullish(),
});
export type ExportAllInput = z.infer<typeof exportAllInput>;

export const importConversationInput = z.strictObject({ document: exportedConversationSchema });
export type ImportConversationInput = z.infer<typeof importConversationInput>;

export const importResultSchema = z.object({
  conversation: conversationSchema,
  /** False: the same document was imported before, and this is what it became. */
  isNew: z.boolean(),
});
export type ImportResult = z.infer<typeof importResultSchema>;
