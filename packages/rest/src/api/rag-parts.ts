import { DomainError, documentIdSchema, knowledgeBaseIdSchema } from "@llm-backend/contract";
import { z } from "zod";

/** Every answer here says whether it went well, and what happened. */
export const done = { success: z.literal(true), message: z.string() };

/** An answer that has nothing more to say. */
export const bareAnswer = z.object(done);

/** What all rows have in common. */
export const ragRow = { access: "user", group: "Knowledge bases", hasEnvelope: true } as const;

/** What the statuses of these rows mean. */
export const ragErrors = {
  400: "The input is not valid",
  401: "No valid token",
  403: "The knowledge base is another user's, who only lets you read it",
  404: "There is no such knowledge base, or document, of yours",
};

export const kbId = z.string().meta({ description: "The knowledge base's id" });
export const docId = z.string().meta({ description: "The document's id" });

/** Where the newest content of a document stands, in the words of this face. */
export const documentFields = {
  doc_id: docId,
  kb_id: kbId,
  doc_name: z.string(),
  file_type: z.string().meta({ description: "text, markdown, html, pdf, docx, csv, json or code" }),
  state: z.string().meta({ description: "waiting, reading, embedding, ready, failed or cancelled" }),
  is_searchable: z.boolean(),
  passages: z.int(),
  bytes: z.int(),
  error: z.string().nullable().meta({ description: "Why it failed" }),
  uploaded_time: z.int().meta({ description: "Unix seconds" }),
};

/** Reads a base's id; what cannot be one is the id of none. @throws DomainError `invalid_input`, `not_found` */
export function readKbId(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new DomainError("invalid_input", "kb_id: is missing.");
  if (knowledgeBaseIdSchema.safeParse(value).success) return value;
  throw new DomainError("not_found", "There is no such knowledge base.");
}

/** The same for a document. */
export function readDocId(value: unknown): string {
  if (typeof value !== "string" || value === "")
    throw new DomainError("invalid_input", "doc_id: is missing.");
  if (documentIdSchema.safeParse(value).success) return value;
  throw new DomainError("not_found", "There is no such document.");
}
