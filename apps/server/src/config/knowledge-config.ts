import type { KnowledgeSettings } from "@llm-backend/server";
import type { Config } from "./to-config.ts";

/** What the services of knowledge bases take from the section `knowledge`. */
export function toKnowledgeSettings({ knowledge }: Pick<Config, "knowledge">): KnowledgeSettings {
  return {
    models: knowledge.models,
    defaultModel: knowledge.embedding_model,
    basesPerUser: knowledge.bases_per_user_max,
    documentsPerUser: knowledge.documents_per_user_max,
    bytesPerUser: knowledge.bytes_per_user_max,
    fileBytesMax: knowledge.file_bytes_max,
    topK: knowledge.top_k,
    contextTokensMax: knowledge.context_tokens_max,
    lookUpMsMax: Math.round(knowledge.look_up_seconds * 1000),
  };
}
