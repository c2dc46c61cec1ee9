import { setImmediate as nextTurn } from "node:timers/promises";
import { builtinEmbeddingModel } from "@llm-backend/contract";
import type { Embedder } from "../ports.ts";
import { toHashedFeatures } from "./hashed-features.ts";

/** After so long, others get their turn. */
const sliceMs = 2;

/**
 * Creates the embedder that is always there: it asks nobody and costs nothing, and finds by words and their parts, not by
 * meaning. It never holds the event loop for more than a few milliseconds.
 */
export function createHashedEmbedder(): Embedder {
  return {
    model: builtinEmbeddingModel,
    async embed(texts, { signal }) {
      const vectors: Float32Array[] = [];
      let since = performance.now();
      for (const text of texts) {
        signal.throwIfAborted();
        vectors.push(toHashedFeatures(text));
        if (performance.now() - since < sliceMs) continue;
        await nextTurn();
        since = performance.now();
      }
      signal.throwIfAborted();
      return vectors;
    },
  };
}
