import { z } from "zod";
import { usernameSchema } from "./auth-schema.ts";
import { knowledgeBaseIdsSchema, topKSchema } from "./citation-schema.ts";
import { modelNameSchema } from "./conversation-schema.ts";
import { documentIdSchema, jobIdSchema, knowledgeBaseIdSchema } from "./ids.ts";
import { errorCodeSchema } from "./run-events.ts";
import { storableLine, storableText } from "./text.ts";

/** What bases are searched with that name no embedding model: words, and features made of them. It is lexical. */
export const builtinEmbeddingModel = "builtin-hashed";

/** The longest name of a base, in characters. */
export const baseNameCharsMax = 200;
const baseName = storableLine(baseNameCharsMax);
const pageSize = (most: number, usual: number) => z.int().min(1).max(most).default(usual);

export const createBaseInput = z.strictObject({
  name: baseName,
  /** One of `knowledge.models`. @default the configuration's */
  embeddingModel: modelNameSchema.optional(),
});
export type CreateBaseInput = z.infer<typeof createBaseInput>;

export const updateBaseInput = z.strictObject({
  baseId: knowledgeBaseIdSchema,
  name: baseName.optional(),
  /** The base is searched with the model it has until everything is embedded with the new one. */
  embeddingModel: modelNameSchema.optional(),
});
export type UpdateBaseInput = z.infer<typeof updateBaseInput>;

export const baseRefInput = z.strictObject({ baseId: knowledgeBaseIdSchema });
export type BaseRefInput = z.infer<typeof baseRefInput>;

export const listBasesInput = z.strictObject({
  /** The `nextCursor` of the page before. */
  cursor: knowledgeBaseIdSchema.optional(),
  limit: pageSize(100, 50),
});
export type ListBasesInput = z.infer<typeof listBasesInput>;

export const knowledgeBaseSchema = z.object({
  baseId: z.string(),
  name: z.string(),
  /** What it is searched with now. */
  embeddingModel: z.string(),
  /** What it will be searched with once everything is embedded; `null`: nothing is under way. */
  nextEmbeddingModel: z.string().nullable(),
  /** Owners change a base, readers search it. */
  access: z.enum(["owner", "reader"]),
  createdAt: z.date(),
});
export type KnowledgeBaseView = z.infer<typeof knowledgeBaseSchema>;

export const knowledgeBasePageSchema = z.object({
  /** Newest first. */
  bases: z.array(knowledgeBaseSchema),
  nextCursor: z.string().nullable(),
});
export type KnowledgeBasePage = z.infer<typeof knowledgeBasePageSchema>;

export const readerInput = z.strictObject({ baseId: knowledgeBaseIdSchema, username: usernameSchema });
export type ReaderInput = z.infer<typeof readerInput>;

/** Who reads a base beside its owner. */
export const readersSchema = z.object({ readers: z.array(z.object({ username: z.string() })) });
export type Readers = z.infer<typeof readersSchema>;

/** A file type that documents are read from. */
export const documentKindSchema = z.enum(["text", "markdown", "html", "pdf", "docx", "csv", "json", "code"]);
export type DocumentKindName = z.infer<typeof documentKindSchema>;

/** Where the newest content of a document stands. `ready`: it is found. */
export const documentStateSchema = z.enum([
  "waiting",
  "reading",
  "embedding",
  "ready",
  "failed",
  "cancelled",
]);
export type DocumentState = z.infer<typeof documentStateSchema>;

const failureSchema = z.object({ code: errorCodeSchema, message: z.string() });

export const documentSchema = z.object({
  documentId: z.string(),
  baseId: z.string(),
  name: z.string(),
  kind: documentKindSchema,
  bytes: z.int(),
  /** Of its bytes, in hexadecimal. */
  sha256: z.string(),
  state: documentStateSchema,
  /** Whether it is found: also while, or though, a newer content is not ready. */
  isSearchable: z.boolean(),
  /** How many passages it was cut into. */
  passageCount: z.int(),
  /** Why it failed. */
  failure: failureSchema.nullable(),
  uploadedAt: z.date(),
});
export type DocumentView = z.infer<typeof documentSchema>;

export const documentRefInput = z.strictObject({
  baseId: knowledgeBaseIdSchema,
  documentId: documentIdSchema,
});
export type DocumentRefInput = z.infer<typeof documentRefInput>;

export const listDocumentsInput = z.strictObject({
  baseId: knowledgeBaseIdSchema,
  /** The `nextCursor` of the page before. */
  cursor: documentIdSchema.optional(),
  limit: pageSize(100, 50),
});
export type ListDocumentsInput = z.infer<typeof listDocumentsInput>;

export const documentPageSchema = z.object({
  /** Newest first. */
  documents: z.array(documentSchema),
  nextCursor: z.string().nullable(),
});
export type DocumentPage = z.infer<typeof documentPageSchema>;

const passageFields = {
  passageId: z.int(),
  /** Counted from 0, in the order of the text. */
  position: z.int(),
  /** Where it stands in the document's text, in UTF-16 units. Neighbours overlap. */
  start: z.int(),
  end: z.int(),
  headings: z.array(z.string()),
  page: z.int().nullable(),
  content: z.string(),
};

export const passageSchema = z.object(passageFields);
export type PassageView = z.infer<typeof passageSchema>;

export const listPassagesInput = z.strictObject({
  baseId: knowledgeBaseIdSchema,
  documentId: documentIdSchema,
  /** The `nextCursor` of the page before. */
  cursor: z.int().min(0).optional(),
  limit: pageSize(200, 50),
});
export type ListPassagesInput = z.infer<typeof listPassagesInput>;

export const passagePageSchema = z.object({
  /** In the order of the text. */
  passages: z.array(passageSchema),
  nextCursor: z.int().nullable(),
});
export type PassagePage = z.infer<typeof passagePageSchema>;

export const searchModeSchema = z.enum(["lexical", "vector", "hybrid"]);
export type SearchMode = z.infer<typeof searchModeSchema>;

/** The longest question, in characters. */
export const questionCharsMax = 10_000;

export const searchKnowledgeInput = z.strictObject({
  /** A question, or words; nothing in it is syntax. */
  text: storableText(questionCharsMax, 1),
  baseIds: knowledgeBaseIdsSchema.min(1),
  /** Only passages of these documents. */
  documentIds: z.array(documentIdSchema).min(1).max(100).optional(),
  limit: topKSchema.default(5),
  mode: searchModeSchema.default("hybrid"),
});
export type SearchKnowledgeInput = z.infer<typeof searchKnowledgeInput>;

export const foundPassageSchema = z.object({
  ...passageFields,
  baseId: z.string(),
  documentId: z.string(),
  documentName: z.string(),
  /** To be compared within one search only; larger is better. */
  score: z.number(),
  /** Where it stood among what the words found, and what the vectors found, from 1; `null`: not there. */
  lexicalRank: z.int().nullable(),
  vectorRank: z.int().nullable(),
  /** The parts of `content` that the question's words were found at. */
  highlights: z.array(z.object({ start: z.int(), end: z.int() })),
});
export type FoundPassageView = z.infer<typeof foundPassageSchema>;

export const knowledgeHitsSchema = z.object({
  /** The best first. */
  passages: z.array(foundPassageSchema),
  /** What could not be done, though something was found without; `null`: nothing. */
  notice: z.string().nullable(),
});
export type KnowledgeHits = z.infer<typeof knowledgeHitsSchema>;

export const jobStateSchema = z.enum(["waiting", "running", "done", "failed", "cancelled"]);

/** Something that is done with a base in the background. */
export const jobSchema = z.object({
  jobId: jobIdSchema,
  baseId: z.string(),
  kind: z.enum(["ingest", "re-embed"]),
  /** The document that is read; `null` where the whole base is embedded anew. */
  documentId: z.string().nullable(),
  state: jobStateSchema,
  /** Passages that are done, and that there are, as far as is known. */
  done: z.int(),
  total: z.int().nullable(),
  /** How often it was tried before. */
  attempts: z.int(),
  failure: failureSchema.nullable(),
});
export type JobView = z.infer<typeof jobSchema>;

export const followJobsInput = z.strictObject({
  baseId: knowledgeBaseIdSchema,
  /** `idle`: it ends once nothing is under way; `closed`: it goes on until its follower leaves. */
  until: z.enum(["idle", "closed"]).default("closed"),
  /** Taken, and not needed: what is followed always begins with how things are. */
  lastEventId: z.string().max(64).nullish(),
});
export type FollowJobsInput = z.infer<typeof followJobsInput>;

/**
 * What `knowledge.jobs` tells: first the jobs that have not ended (the oldest 500 and the newest 100 of more), then each that
 * changes, or whose turn it is, once more at its end.
 */
export const jobEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("jobs"), jobs: z.array(jobSchema) }),
  z.object({ type: z.literal("job"), job: jobSchema }),
]);
export type JobEvent = z.infer<typeof jobEventSchema>;

export const knowledgeModelSchema = z.object({
  model: z.string(),
  /** `lexical`: finds by words and their parts, not by meaning. */
  kind: z.enum(["lexical", "semantic"]),
  /** Whether bases have it that name none. */
  isDefault: z.boolean(),
});
export type KnowledgeModel = z.infer<typeof knowledgeModelSchema>;

/** What came of an upload. */
export const uploadedDocumentSchema = z.object({
  document: documentSchema,
  /** False: the document has this very content already, and nothing is done. */
  isNew: z.boolean(),
});
export type UploadedDocument = z.infer<typeof uploadedDocumentSchema>;
