import type { Embedder } from "@llm-backend/knowledge";
import type { AskVectorsDeps } from "./ask-vectors.ts";
import { createUpstreamEmbedder } from "./create-embedder.ts";

/** What the service stands on. */
export type EmbeddingServiceDeps = AskVectorsDeps;

/** Turns texts into vectors, through the gateway: with its failover, and everything written down of each call. */
export type EmbeddingService = {
  /**
   * The embedder of a model. It is not asked whether anybody serves the model: what there is changes, and the first
   * call tells.
   */
  embedder(model: string): Embedder;
};

/** More models than anybody uses; the one that was not asked for longest is forgotten with what was learned of it. */
const modelsMax = 100;

/** Creates the service. */
export function createEmbeddingService(deps: EmbeddingServiceDeps): EmbeddingService {
  const embedders = new Map<string, Embedder>();
  return {
    embedder(model) {
      const embedder = embedders.get(model) ?? createUpstreamEmbedder(deps, model);
      embedders.delete(model);
      embedders.set(model, embedder);
      const [oldest] = embedders.keys();
      if (embedders.size > modelsMax && oldest !== undefined) embedders.delete(oldest);
      return embedder;
    },
  };
}
