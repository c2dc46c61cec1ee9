import { DomainError, type AddUpstreamInput, type UpdateUpstreamInput } from "@llm-backend/contract";
import { readEndpoint, type Upstream } from "@llm-backend/gateway";
import type { UpstreamRecord } from "@llm-backend/storage";
import { resolveSecrets } from "./secret-mask.ts";
import type { OpenedUpstream } from "./stored-upstream.ts";

/** What a change says: all of it may be absent. */
export type UpstreamChange = Omit<UpdateUpstreamInput, "id">;

/**
 * Makes an upstream of what somebody who adds it says.
 *
 * @throws DomainError `invalid_input` when its endpoint is none.
 */
export function toAddedUpstream(
  input: AddUpstreamInput,
  { id, name }: Pick<Upstream, "id" | "name">,
): OpenedUpstream {
  const blank: OpenedUpstream = {
    upstream: { id, name, endpoint: input.endpoint, keys: [], models: [], aliases: {} },
    access: { tokens: [], isOpen: false },
  };
  return applyUpstreamChange(blank, { ...input, name });
}

/**
 * Changes an upstream in what is said, and in nothing else; a key that is written as it is shown stays.
 *
 * @throws DomainError `invalid_input` for an endpoint that is none, and for a mask that fits no key.
 */
export function applyUpstreamChange(
  { upstream, access }: OpenedUpstream,
  change: UpstreamChange,
): OpenedUpstream {
  const { keys, tokens, isOpen, isEnabled: _apart, ...said } = change;
  if (change.endpoint !== undefined) readEndpoint(change.endpoint);
  return {
    upstream: {
      ...applyFields(upstream, said),
      keys: keys === undefined ? upstream.keys : resolveSecrets(keys, upstream.keys),
    },
    access: {
      tokens: tokens === undefined ? access.tokens : resolveSecrets(tokens, access.tokens),
      isOpen: isOpen ?? access.isOpen,
    },
  };
}

/** What is not said stays; null sets an option back to its default. */
function applyFields(upstream: Upstream, said: Omit<UpstreamChange, "keys" | "tokens">): Upstream {
  const fields = Object.entries(said).filter(([, value]) => value !== undefined);
  const changed = Object.entries({ ...upstream, ...Object.fromEntries(fields) });
  return Object.fromEntries(changed.filter(([, value]) => value !== null)) as Upstream;
}

/** @throws DomainError `conflict` for a name that another upstream has. */
export function requireFreeName(name: string, taken: ReadonlySet<string>): void {
  if (taken.has(name)) throw new DomainError("conflict", `There is an upstream called ${name} already.`);
}

/** @throws DomainError `conflict` for an upstream that is one more time what is there already. */
export function requireNoCopy({ upstream }: OpenedUpstream, others: readonly OpenedUpstream[]): void {
  const copy = others.find((other) => isCopy(other.upstream, upstream));
  if (copy === undefined) return;
  const { name } = copy.upstream;
  throw new DomainError("conflict", `The same endpoint with the same key is there already: ${name}.`);
}

/**
 * Refuses a change that would lose stored secrets that do not open any more: they have to be said anew.
 *
 * @throws DomainError `invalid_input`
 */
export function requireReadable(
  { keysSealed, tokensSealed }: UpstreamRecord,
  { keys, tokens }: UpstreamChange,
): void {
  const isLost =
    (keysSealed.length > 0 && keys === undefined) || (tokensSealed.length > 0 && tokens === undefined);
  if (isLost) {
    throw new DomainError(
      "invalid_input",
      "Its stored secrets were sealed with another master key; write keys and tokens anew.",
    );
  }
}

function isCopy(a: Upstream, b: Upstream): boolean {
  const toText = ({ endpoint, keys, models, passAuthorization = false }: Upstream) =>
    JSON.stringify([endpoint.replace(/\/+$/, ""), keys, models, passAuthorization]);
  return toText(a) === toText(b);
}
