import { z } from "zod";
import { documentIdSchema, knowledgeBaseIdSchema } from "./ids.ts";

/** The most bases that one question is looked up in. */
export const knowledgeBasesMax = 8;
/** The most passages that one question is given. */
export const topKMax = 50;

/** The knowledge bases that questions are looked up in; none: nothing is looked up. */
export const knowledgeBaseIdsSchema = z
  .array(knowledgeBaseIdSchema)
  .max(knowledgeBasesMax)
  .refine((ids) => new Set(ids).size === ids.length, { error: "names a knowledge base twice" });

/** How many passages a question is given. */
export const topKSchema = z.int().min(1).max(topKMax);

/** A passage that an answer was given to read. */
export const citationSchema = z.object({
  /** What the model was told to cite it by: `[1]`. */
  number: z.int(),
  baseId: knowledgeBaseIdSchema,
  documentId: documentIdSchema,
  documentName: z.string(),
  passageId: z.int(),
  /** Where it stands in the document's text, in UTF-16 units. */
  start: z.int(),
  end: z.int(),
  /** The headings that it stands under, outermost first. */
  headings: z.array(z.string()),
  /** Counted from 1; `null` where the format has no pages. */
  page: z.int().nullable(),
  /** To be compared within one answer only; larger is better. */
  score: z.number(),
});
export type Citation = z.infer<typeof citationSchema>;

/** What looking a question up came to. `failed`: the answer is given without, and `message` says why. */
export const lookUpSchema = z.enum(["found", "nothing", "failed"]);
export type LookUp = z.infer<typeof lookUpSchema>;

/** What runs tell of the knowledge that their answer is given. When it comes again, the last one holds. */
export const citationsEventSchema = z.object({
  type: z.literal("citations"),
  outcome: lookUpSchema,
  message: z.string().optional(),
  /** Best first; numbered from 1. */
  citations: z.array(citationSchema),
});
export type CitationsEvent = z.infer<typeof citationsEventSchema>;
