import type { FoundUpstream } from "@llm-backend/server";
import { findUrlProblem, toBaseUrl } from "../config/base-url.ts";
import { toBaseUrlVariables, type Environment } from "../env.ts";
import { findModelServers, modelServers, type FoundModelServer, type ModelServer } from "./model-servers.ts";
import { toUpstreamId } from "./upstream-id.ts";

/** A public provider, as far as finding it in the environment goes. */
export type KeyProvider = {
  readonly name: string;
  readonly prefixes: readonly string[];
  readonly endpoint: string;
  /** The variables in which its key customarily stands. */
  readonly keyVariables?: readonly string[];
};

/** Where upstreams are looked for. */
export type UpstreamSources = {
  readonly environment: Environment;
  readonly providers: readonly KeyProvider[];
  /** The ports that this server listens on itself. */
  readonly ownPorts: readonly number[];
  /** The model servers to look for on this machine. @default Ollama, LM Studio, vLLM, llama.cpp */
  readonly servers?: readonly ModelServer[];
};

/** The upstreams that were found, in the order in which they are to be asked. */
export type FoundUpstreams = {
  readonly found: readonly FoundUpstream[];
  /** For the log: where each came from, and which key is not used. */
  readonly sentences: readonly string[];
};

type Finding = { readonly found?: FoundUpstream; readonly sentence: string };

/** Finds upstreams where no configuration names any: by keys in the environment, and on this machine's usual ports. */
export async function findUpstreams(sources: UpstreamSources): Promise<FoundUpstreams> {
  const { environment, providers, ownPorts, servers = modelServers } = sources;
  const local = await findModelServers(servers.filter(({ port }) => !ownPorts.includes(port)));
  const findings = [
    ...providers.flatMap((provider) => findProvider(provider, environment)),
    ...local.map(toLocal),
  ];
  const found = findings.flatMap((finding) => finding.found ?? []);
  const sentences = findings.map(({ sentence }) => sentence);
  const [first] = found;
  // Nobody else could serve what a lone provider's prefixes leave out.
  if (first?.source === "environment" && found.length === 1) {
    return { found: [{ ...first, upstream: { ...first.upstream, models: [] } }], sentences };
  }
  // Whoever takes every model is asked after those who have it by name.
  return { found: found.toSorted((a, b) => takesAll(a) - takesAll(b)), sentences };
}

const takesAll = ({ upstream }: FoundUpstream) => Number(upstream.models.length === 0);

function findProvider(provider: KeyProvider, { providerVariables }: Environment): Finding[] {
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
  const upstream = { ...toUpstream(name, endpoint, models), keys: [key] };
  const sentence = `Upstream ${name}: ${place}, with the key of ${keyVariable}`;
  return [{ found: { upstream, source: "environment" }, sentence }];
}

function toLocal({ name, endpoint, models }: FoundModelServer): Finding {
  const listed = models.slice(0, 5).join(", ") + (models.length > 5 ? `, and ${models.length - 5} more` : "");
  const sentence = `Upstream ${name}: ${endpoint} on this machine, which serves ${listed}`;
  return { found: { upstream: toUpstream(name, endpoint, models), source: "local" }, sentence };
}

function toUpstream(name: string, endpoint: string, models: readonly string[]): FoundUpstream["upstream"] {
  return { id: toUpstreamId(name), name, endpoint, keys: [], models, aliases: {} };
}
