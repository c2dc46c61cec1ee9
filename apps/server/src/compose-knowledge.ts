import { builtinEmbeddingModel } from "@llm-backend/contract";
import {
  createDocumentReader,
  createHashedEmbedder,
  createIngest,
  createKnowledgeSearch,
  type DocumentReaderOptions,
} from "@llm-backend/knowledge";
import type { OpenKnowledgeEngine } from "@llm-backend/server";
import type { Storage } from "@llm-backend/storage";
import type { Config } from "./config/to-config.ts";
import type { Pressure } from "./pressure/watch-pressure.ts";

/** No passage is longer than so many times what passages are to have. */
const passageStretch = 1.5;

/** What knowledge bases are opened from. */
export type ComposeKnowledgeOptions = {
  readonly config: Config;
  readonly storage: Storage;
  readonly pressure: Pick<Pressure, "shortage">;
};

/**
 * Builds what reads, embeds and searches documents: readers in processes of their own, the search in a thread. None of
 * them is started before there is something to do.
 */
export function composeKnowledge(options: ComposeKnowledgeOptions): OpenKnowledgeEngine {
  const { config, storage, pressure } = options;
  return ({ embedder, owner, onLeftovers, onInternalError }) => {
    const builtin = createHashedEmbedder();
    const toEmbedder = (model: string) => (model === builtinEmbeddingModel ? builtin : embedder(model));
    const reader = createDocumentReader(toReaderOptions(config));
    const ingest = createIngest({
      storage,
      reader,
      embedder: toEmbedder,
      owner,
      now: Date.now,
      isUnderPressure: () => pressure.shortage() !== undefined,
      onLeftovers,
      onInternalError,
      settings: {
        jobsMax: config.knowledge.concurrent_jobs,
        passagesPerUserMax: countPassages(config),
      },
    });
    const search = createKnowledgeSearch({ storage, path: config.database, findEmbedder: toEmbedder });
    return {
      search,
      runner: ingest,
      start: () => ingest.start(),
      async close() {
        await ingest.close();
        await reader.close();
        await search.close();
      },
    };
  };
}

/** As many as plain texts have that take all of what a user's documents may take. */
function countPassages({ knowledge }: Pick<Config, "knowledge">): number {
  return Math.ceil(knowledge.bytes_per_user_max / knowledge.passage_chars) + knowledge.documents_per_user_max;
}

/** What reading documents takes from it. */
function toReaderOptions({ knowledge }: Pick<Config, "knowledge">): DocumentReaderOptions {
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
