import { DomainError } from "@llm-backend/contract";
import type { Clocks, Upstream } from "../upstream.ts";
import { readEndpoint, type Endpoint } from "./endpoint.ts";
import { matchesPattern } from "./model-pattern.ts";

/** An upstream whose settings have been read once, for all requests. */
export type PreparedUpstream = {
  readonly id: string;
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly key: string | undefined;
  readonly clocks: Clocks;
  /** The models that it names, aliases included; patterns are not names. */
  readonly modelNames: readonly string[];
  /** What this upstream calls the model; undefined when it does not serve it. */
  readonly findModel: (model: string) => string | undefined;
};

function parseEndpoint(upstream: Upstream): Endpoint {
  try {
    return readEndpoint(upstream.endpoint);
  } catch (cause) {
    const reason = DomainError.is(cause) ? cause.message : "";
    throw new DomainError("invalid_input", `Upstream “${upstream.name}”: ${reason}`, { cause });
  }
}

/**
 * Prepares an upstream for requests.
 *
 * @throws DomainError `invalid_input` when its endpoint is none.
 */
export function prepareUpstream(upstream: Upstream, clocks: Clocks): PreparedUpstream {
  const aliases = new Map(Object.entries(upstream.aliases));
  const serves = (model: string): boolean =>
    upstream.models.length === 0 || upstream.models.some((pattern) => matchesPattern(pattern, model));
  return {
    id: upstream.id,
    name: upstream.name,
    endpoint: parseEndpoint(upstream),
    key: upstream.keys[0],
    clocks: { ...clocks, ...upstream.clocks },
    modelNames: [...aliases.keys(), ...upstream.models.filter((model) => !model.includes("*"))],
    findModel: (model) => aliases.get(model) ?? (serves(model) ? model : undefined),
  };
}
