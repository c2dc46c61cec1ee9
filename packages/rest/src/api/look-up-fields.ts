import { z } from "zod";

/** Documents the fields; the procedures are what validates them. */
export const lookUpFields = {
  knowledge_base_ids: z.array(z.string()).optional().meta({
    description: "The knowledge bases that the question is looked up in; without it, the conversation's",
  }),
  top_k: z.int().optional().meta({ description: "How many passages the answer is given" }),
};

/** Reads the fields in the words of the procedures. */
export function readLookUp(body: Readonly<Record<string, unknown>>): {
  knowledgeBaseIds?: string[];
  topK?: number;
} {
  const { knowledge_base_ids: ids, top_k: topK } = body;
  return {
    ...(ids !== undefined && { knowledgeBaseIds: ids as string[] }),
    ...(topK !== undefined && { topK: topK as number }),
  };
}
