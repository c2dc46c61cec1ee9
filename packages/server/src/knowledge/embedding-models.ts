import { builtinEmbeddingModel, DomainError, type KnowledgeModel } from "@llm-backend/contract";
import type { KnowledgeSettings } from "./knowledge-settings.ts";

/** The embedding models that bases can have. */
export type EmbeddingModels = {
  list(): KnowledgeModel[];
  /**
   * The model that a base gets; without a wish the default.
   *
   * @throws DomainError `model_not_found`
   */
  choose(wish: string | undefined): string;
};

/** What looks like an embedding model by its name, as providers and model servers name them. */
const looksLikeEmbedding = /embed|\bbge-|\be5-|\bgte-|minilm/i;

/** Creates the list; `listUpstreamModels` gives the names that upstreams say they serve. */
export function createEmbeddingModels(given: {
  readonly settings: Pick<KnowledgeSettings, "models" | "defaultModel">;
  readonly listUpstreamModels: () => readonly string[];
}): EmbeddingModels {
  const { models, defaultModel = builtinEmbeddingModel } = given.settings;
  const listNames = (): string[] => {
    const offered = models ?? given.listUpstreamModels().filter((name) => looksLikeEmbedding.test(name));
    return [...new Set([defaultModel, builtinEmbeddingModel, ...offered])];
  };
  return {
    list: () =>
      listNames().map((model) => ({
        model,
        kind: model === builtinEmbeddingModel ? "lexical" : "semantic",
        isDefault: model === defaultModel,
      })),
    choose(wish = defaultModel) {
      if (listNames().includes(wish)) return wish;
      throw new DomainError("model_not_found", `There is no embedding model "${wish}" here.`);
    },
  };
}
