import { DomainError } from "@llm-backend/contract";
import type { Clocks, MidstreamPolicy, PrefillDialect, Upstream } from "../upstream.ts";
import { readEndpoint, type Endpoint } from "./endpoint.ts";
import { matchesPattern } from "./model-pattern.ts";

/** An upstream whose settings have been read once, for all requests. */
export type PreparedUpstream = {
  readonly id: string;
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The caller's own `Authorization` goes out in place of a key. */
  readonly passAuthorization: boolean;
  readonly keepHeaders: boolean;
  /** Undefined: it says nothing of it. */
  readonly midstream: MidstreamPolicy | undefined;
  /** How it is asked to go on with an answer. */
  readonly prefill: PrefillDialect;
  /** It is known to go on with an answer whose beginning it is given. */
  readonly takesPrefill: boolean;
  /** Its clocks; `clocksFor` knows the exceptions. */
  readonly clocks: Clocks;
  /** The clocks of a model, by the upstream's name of it. */
  readonly clocksFor: (model: string) => Clocks;
  /** The models that it names and serves, aliases and discovered ones included; patterns are not names. */
  readonly modelNames: readonly string[];
  /** Serves models that it does not name: by a pattern, or because it names none. */
  readonly servesUnnamed: boolean;
  /** What this upstream calls the model; undefined when it does not serve it. */
  readonly findModel: (model: string) => string | undefined;
};

const isPattern = (name: string): boolean => name.includes("*");

/** Tells whether a name is on a list of names and patterns, without walking through the names. */
function createList(entries: readonly string[]): (model: string) => boolean {
  const names = new Set(entries);
  const patterns = entries.filter(isPattern);
  return (model) => names.has(model) || patterns.some((pattern) => matchesPattern(pattern, model));
}

function parseEndpoint(upstream: Upstream): Endpoint {
  try {
    return readEndpoint(upstream.endpoint);
  } catch (cause) {
    const reason = DomainError.is(cause) ? cause.message : "";
    throw new DomainError("invalid_input", `Upstream “${upstream.name}”: ${reason}`, { cause });
  }
}

function createClocksFor(upstream: Upstream, clocks: Clocks): (model: string) => Clocks {
  const rows = Object.entries(upstream.modelClocks ?? {}).map(
    ([pattern, some]) => [pattern, { ...clocks, ...some }] as const,
  );
  if (rows.length === 0) return () => clocks;
  return (model) => rows.find(([pattern]) => matchesPattern(pattern, model))?.[1] ?? clocks;
}

/** The dialects of providers who are known to take one. */
const prefillHosts: readonly (readonly [RegExp, PrefillDialect])[] = [
  [/\.deepseek\.com|\.mistral\.ai/, "prefix"],
  [/\.moonshot\.(cn|ai)|aliyuncs\.com/, "partial"],
];

function findPrefill({ prefill, endpoint }: Upstream): PrefillDialect | undefined {
  return prefill ?? prefillHosts.find(([host]) => host.test(endpoint))?.[1];
}

/**
 * Prepares an upstream for requests. An alias wins over both lists; a model that `deny` names is not served, whatever
 * else says so; an upstream with neither `models` nor discovered ones serves every model.
 *
 * @param discovered - What its `/models` said; without `discover` they are named, but say nothing of what is served.
 * @throws DomainError `invalid_input` when its endpoint is none.
 */
export function prepareUpstream(
  upstream: Upstream,
  clocks: Clocks,
  discovered: readonly string[] = [],
): PreparedUpstream {
  const aliases = new Map(Object.entries(upstream.aliases));
  const served = upstream.discover === true ? [...upstream.models, ...discovered] : upstream.models;
  const isServed = served.length === 0 ? () => true : createList(served);
  const isDenied = createList(upstream.deny ?? []);
  const ownClocks = { ...clocks, ...upstream.clocks };
  const findModel = (model: string): string | undefined =>
    aliases.get(model) ?? (isServed(model) && !isDenied(model) ? model : undefined);
  const named = [...aliases.keys(), ...upstream.models.filter((model) => !isPattern(model)), ...discovered];
  return {
    id: upstream.id,
    name: upstream.name,
    endpoint: parseEndpoint(upstream),
    prefill: findPrefill(upstream) ?? "plain",
    takesPrefill: findPrefill(upstream) !== undefined,
    passAuthorization: upstream.passAuthorization ?? false,
    keepHeaders: upstream.keepHeaders ?? false,
    midstream: upstream.midstream,
    clocks: ownClocks,
    clocksFor: createClocksFor(upstream, ownClocks),
    modelNames: [...new Set(named)].filter((model) => findModel(model) !== undefined),
    servesUnnamed: served.length === 0 || served.some(isPattern),
    findModel,
  };
}
