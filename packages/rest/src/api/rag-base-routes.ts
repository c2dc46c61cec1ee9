import type { CreateBaseInput, KnowledgeBaseView, UpdateBaseInput } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { z } from "zod";
import { bareAnswer, done, kbId, ragErrors, ragRow, readKbId } from "./rag-parts.ts";
import { readPages } from "./read-pages.ts";
import type { JsonRoute } from "./route.ts";

const { 401: noToken } = ragErrors;
const base = { ...ragRow, kind: "json", status: 200, errors: ragErrors } as const;
const kbName = z.string();
const model = z.string().meta({ description: "One of /api/rag/models" });
const usernames = z.object({ ...done, readers: z.array(z.string()) });

const kb = z.object({
  kb_id: kbId,
  kb_name: z.string(),
  embedding_model: z.string(),
  next_embedding_model: z.string().nullable().meta({ description: "What it is being embedded with" }),
  access: z.enum(["owner", "reader"]),
});

/** Knowledge bases: making, listing, changing, removing them, and who reads them. */
export const ragBaseRoutes: readonly JsonRoute[] = [
  {
    ...base,
    method: "POST",
    path: "/api/rag/kb/create",
    summary: "Makes a knowledge base",
    body: z.object({ kb_name: kbName, embedding_model: model.optional() }),
    answer: z.object({ ...done, kb_id: kbId }),
    errors: {
      400: ragErrors[400],
      401: noToken,
      404: "There is no such embedding model",
      429: "You have too many",
    },
    async call(caller, { body: { kb_name: name, embedding_model: embeddingModel } }) {
      const given = { name, ...(isGiven(embeddingModel) && { embeddingModel }) };
      const made = await caller.knowledge.createBase(given as CreateBaseInput);
      return { success: true, message: "Knowledge base created successfully", kb_id: made.baseId };
    },
  },
  {
    ...base,
    method: "GET",
    path: "/api/rag/kb/list",
    summary: "The knowledge bases that you own or read, newest first",
    answer: z.object({ ...done, kbs: z.array(kb) }),
    errors: { 401: noToken },
    async call(caller) {
      const kbs = (await listAll(caller)).map(toKb);
      return { success: true, message: "Knowledge bases listed successfully", kbs };
    },
  },
  {
    ...base,
    method: "POST",
    path: "/api/rag/kb/update",
    summary:
      "Renames a knowledge base, or has it embedded with another model, which is used once everything is embedded",
    body: z.object({ kb_id: kbId, kb_name: kbName.optional(), embedding_model: model.optional() }),
    answer: z.object({ ...done, kb }),
    async call(caller, { body: { kb_id: id, kb_name: name, embedding_model: embeddingModel } }) {
      const change = {
        ...(name !== undefined && { name }),
        ...(isGiven(embeddingModel) && { embeddingModel }),
      };
      const changed = await caller.knowledge.updateBase({
        ...change,
        baseId: readKbId(id),
      } as UpdateBaseInput);
      return { success: true, message: "Knowledge base updated successfully", kb: toKb(changed) };
    },
  },
  {
    ...base,
    method: "POST",
    path: "/api/rag/kb/delete",
    summary: "Removes a knowledge base with all its documents",
    body: z.object({ kb_id: kbId }),
    answer: bareAnswer,
    async call(caller, { body }) {
      await caller.knowledge.removeBase({ baseId: readKbId(body.kb_id) });
      return { success: true, message: "Knowledge base deleted successfully" };
    },
  },
  {
    ...base,
    method: "GET",
    path: "/api/rag/kb/readers",
    summary: "Who may read a knowledge base of yours, beside you",
    query: { kb_id: { description: "The knowledge base's id", schema: kbId } },
    answer: usernames,
    async call(caller, { query }) {
      const { readers } = await caller.knowledge.listReaders({ baseId: readKbId(query.kb_id) });
      return { success: true, message: "Readers listed successfully", readers: readers.map(toName) };
    },
  },
  ...(["add", "remove"] as const).map((verb): JsonRoute => ({
    ...base,
    method: "POST",
    path: `/api/rag/kb/readers/${verb}`,
    summary:
      verb === "add"
        ? "Lets somebody search a knowledge base of yours, and ask about it"
        : "Takes that back; readers can do so for themselves",
    body: z.object({ kb_id: kbId, username: z.string() }),
    answer: usernames,
    async call(caller, { body }) {
      const given = { baseId: readKbId(body.kb_id), username: body.username as string };
      const { readers } = await (verb === "add"
        ? caller.knowledge.addReader(given)
        : caller.knowledge.removeReader(given));
      return { success: true, message: "Readers changed successfully", readers: readers.map(toName) };
    },
  })),
  {
    ...base,
    method: "GET",
    path: "/api/rag/models",
    summary: "The embedding models, the usual one first. builtin-hashed finds by words, not by meaning",
    answer: z.object({
      ...done,
      models: z.array(z.string()),
      details: z.array(
        z.object({ model: z.string(), kind: z.enum(["lexical", "semantic"]), is_default: z.boolean() }),
      ),
    }),
    errors: { 401: noToken },
    async call(caller) {
      const models = await caller.knowledge.models();
      return {
        success: true,
        message: toSentence(models.some(({ kind }) => kind === "semantic")),
        models: models.map((one) => one.model),
        details: models.map(({ isDefault, ...one }) => ({ ...one, is_default: isDefault })),
      };
    },
  },
];

const toName = ({ username }: { readonly username: string }): string => username;

/** Some callers write what they leave open as an empty text. */
const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

function toSentence(hasSemantic: boolean): string {
  return hasSemantic
    ? "Models listed successfully; builtin-hashed is lexical: it finds by words and their parts"
    : "No upstream's embedding model is configured; builtin-hashed is lexical: it finds by words and their parts";
}

async function listAll(caller: Caller): Promise<KnowledgeBaseView[]> {
  const all: KnowledgeBaseView[] = [];
  for await (const { bases } of readPages(caller.knowledge.listBases, { limit: 100 })) all.push(...bases);
  return all;
}

function toKb(view: KnowledgeBaseView): z.infer<typeof kb> {
  return {
    kb_id: view.baseId,
    kb_name: view.name,
    embedding_model: view.embeddingModel,
    next_embedding_model: view.nextEmbeddingModel,
    access: view.access,
  };
}
