import type { DocumentReaderOptions } from "@llm-backend/knowledge";
import type { KnowledgeSettings } from "@llm-backend/server";
import type { Config } from "./to-config.ts";

/** No passage is longer than so many times what passages are to have. */
const passageStretch = 1.5;

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

/** What reading documents takes from it. */
export function toReaderOptions({ knowledge }: Pick<Config, "knowledge">): DocumentReaderOptions {
  const { passage_chars: target } = knowledge;
  return {
    limits: {
      seconds: knowledge.reader_seconds,
      memoryBytes: knowledge.reader_memory_bytes,
      textCharsMax: knowledge.text_chars_max,
    },
    sizes: {
      target,
      max: Math.ceil(target * passageStretch),
      overlap: Math.floor(target * knowledge.passage_overlap_share),
    },
    processesMax: knowledge.concurrent_jobs,
  };
}
