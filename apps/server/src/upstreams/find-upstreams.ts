import type { Provider, Upstream } from "@llm-backend/gateway";
import { findUrlProblem, toBaseUrl } from "../config/base-url.ts";
import { toBaseUrlVariables, type Environment } from "../env.ts";
import { findModelServers, modelServers, type FoundModelServer, type ModelServer } from "./model-servers.ts";
import { toUpstreamId } from "./upstream-id.ts";

/** Where upstreams are looked for. */
export type UpstreamSources = {
  readonly environment: Environment;
  /** The public providers; those with `keyVariables` are looked for in the environment. */
  readonly providers: readonly Provider[];
  /** The ports that this server listens on itself. */
  readonly ownPorts: readonly number[];
  /** The model servers to look for on this machine. @default Ollama, LM Studio, vLLM, llama.cpp */
  readonly servers?: readonly ModelServer[];
};

/** The upstreams that were found. */
export type FoundUpstreams = {
  readonly upstreams: readonly Upstream[];
  /** For the log: where each came from. */
  readonly sentences: readonly string[];
};

type Found = { readonly upstream?: Upstream; readonly sentence: string };

/** Finds upstreams where no configuration names any: by keys in the environment, and on this machine's usual ports. */
export async function findUpstreams(sources: UpstreamSources): Promise<FoundUpstreams> {
  const { environment, providers, ownPorts, servers = modelServers } = sources;
  const local = await findModelServers(servers.filter(({ port }) => !ownPorts.includes(port)));
  const found = [
    ...providers.flatMap((provider) => findProvider(provider, environment)),
    ...local.map(toLocal),
  ];
  const upstreams = found.flatMap(({ upstream }) => upstream ?? []);
  const sentences = found.map(({ sentence }) => sentence);
  const [first] = upstreams;
  // Nobody else could serve what a lone provider's prefixes leave out.
  if (first !== undefined && upstreams.length === 1 && local.length === 0) {
    return { upstreams: [{ ...first, models: [] }], sentences };
  }
  // Whoever takes every model is asked after those who have it by name.
  return { upstreams: upstreams.toSorted((a, b) => takesAll(a) - takesAll(b)), sentences };
}

const takesAll = ({ models }: Upstream) => Number(models.length === 0);

function findProvider(provider: Provider, { providerVariables }: Environment): Found[] {
  const isSet = (name: string) => providerVariables[name] !== undefined;
  const keyVariable = provider.keyVariables?.find(isSet);
  if (keyVariable === undefined) return [];
  const urlVariable = toBaseUrlVariables(keyVariable).find(isSet);
  const key = providerVariables[keyVariable] ?? "";
  const url = urlVariable === undefined ? undefined : providerVariables[urlVariable];
  if (!/^[\x21-\x7e]+$/.test(key)) {
    return [{ sentence: `${keyVariable} is not used: it has characters that no key has` }];
  }
  // The key may belong to that other place only, so it goes nowhere when the place cannot be told.
  if (url !== undefined && findUrlProblem(url) !== undefined) {
    return [{ sentence: `${keyVariable} is not used: ${urlVariable} is no http(s) base URL` }];
  }
  const { name, prefixes } = provider;
  const endpoint = toBaseUrl(url ?? provider.endpoint);
  // What another place serves is not known.
  const models = url === undefined ? prefixes.map((prefix) => `${prefix}*`) : [];
  const place = urlVariable === undefined ? endpoint : `${endpoint} (${urlVariable})`;
  const sentence = `Upstream ${name}: ${place}, with the key of ${keyVariable}`;
  return [{ upstream: { ...toUpstream(name, endpoint, models), key }, sentence }];
}

function toLocal({ name, endpoint, models }: FoundModelServer): Found {
  const listed = models.slice(0, 5).join(", ") + (models.length > 5 ? `, and ${models.length - 5} more` : "");
  const sentence = `Upstream ${name}: ${endpoint} on this machine, which serves ${listed}`;
  return { upstream: toUpstream(name, endpoint, models), sentence };
}

function toUpstream(name: string, endpoint: string, models: readonly string[]): Upstream {
  return { id: toUpstreamId(name), name, endpoint, key: undefined, models, aliases: {} };
}
