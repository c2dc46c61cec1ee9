import { DomainError, type ModelView } from "@llm-backend/contract";
import type { Clocks, Upstream } from "../upstream.ts";
import { prepareUpstream, type PreparedUpstream } from "./prepared-upstream.ts";
import type { ProviderFinder } from "./provider-finder.ts";

/** One upstream that may answer, and what it calls the model. */
export type Candidate = { readonly upstream: PreparedUpstream; readonly model: string };

/** Chooses who is asked, in which order. */
export type Candidates = {
  /**
   * The upstreams that serve the model, in the order in which they are asked: as listed.
   *
   * @param providerKey - The asker's own key: then the model's provider is the only candidate.
   * @throws DomainError `model_not_found` when no upstream serves the model; `invalid_input` when there is a key but
   *   no provider that the model belongs to.
   */
  readonly find: (model: string, providerKey?: string) => readonly Candidate[];
  /** The models that upstreams name, in their order. */
  readonly listModels: () => ModelView[];
};

/** Prepares the upstreams of a list. Health, policies and several keys for one upstream order and filter here. */
export function createCandidates(
  upstreams: readonly Upstream[],
  providers: ProviderFinder,
  clocks: Clocks,
): Candidates {
  const prepared = upstreams.map((upstream) => prepareUpstream(upstream, clocks));

  const findAll = (model: string): Candidate[] =>
    prepared.flatMap((upstream) => {
      const name = upstream.findModel(model);
      return name === undefined ? [] : [{ upstream, model: name }];
    });

  function findProvider(model: string, key: string): Candidate {
    const provider = providers.find(model);
    if (provider === undefined)
      throw new DomainError(
        "invalid_input",
        `No provider is known for the model “${model}”, so an own key cannot be used with it. ` +
          "The operator can add the provider under `providers:` in the configuration.",
      );
    const { name, endpoint } = provider;
    const upstream = { id: `provider:${name}`, name, endpoint, keys: [key], models: [], aliases: {} };
    return { upstream: prepareUpstream(upstream, clocks), model };
  }

  return {
    find(model, providerKey) {
      if (providerKey !== undefined) return [findProvider(model, providerKey)];
      const found = findAll(model);
      if (found.length === 0)
        throw new DomainError("model_not_found", `No upstream serves the model “${model}”.`);
      return found;
    },
    listModels() {
      const names = new Set(prepared.flatMap(({ modelNames }) => modelNames));
      return Array.from(names, (model) => ({
        model,
        upstreams: findAll(model).map(({ upstream }) => upstream.name),
      }));
    },
  };
}
