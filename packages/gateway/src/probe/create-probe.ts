import { DomainError } from "@llm-backend/contract";
import type { Connections } from "../attempt/connections.ts";
import { listUpstreamModels, type ModelListing } from "../discovery/list-upstream-models.ts";
import type { Gateway, ProbeReport } from "../ports.ts";
import { prepareUpstream, type PreparedUpstream } from "../routing/prepared-upstream.ts";
import type { Clocks, Upstream } from "../upstream.ts";
import { askBriefly, type BriefAnswer } from "./ask-briefly.ts";
import { chooseChatModel } from "./choose-model.ts";
import { toProblem, type Findings, type TriedKey } from "./to-problem.ts";

/** What a probe is made with. */
export type ProbeOptions = {
  /** The clocks of upstreams that say nothing of them. */
  readonly clocks: Clocks;
  /** How long an upstream may take to list its models. @default 10,000 */
  readonly listingMs?: number;
};

/** So many keys of one upstream are tried. */
const keysMax = 20;

/** One upstream, looked at. */
type Look = {
  readonly connections: Connections;
  readonly upstream: PreparedUpstream;
  readonly listingMs: number;
  readonly signal: AbortSignal | undefined;
};

/** Asks for the models with each key; that is the cheapest way to learn whether it is accepted. */
async function tryKeys(look: Look, keys: readonly (string | undefined)[]): Promise<TriedKey[]> {
  const { connections, upstream, listingMs, signal } = look;
  const tried: TriedKey[] = [];
  for (const key of keys) {
    const options = { timeoutMs: listingMs, ...(signal !== undefined && { signal }) };
    const listing = await listUpstreamModels(connections, { upstream, key }, options);
    tried.push({ key, listing });
    if (!listing.isReachable) break;
  }
  return tried;
}

const isRefused = ({ failure }: Pick<ModelListing, "failure">): boolean => failure?.outcome === "auth";

/** A key that an answer was given to is accepted; one that was refused is not; all others may be either. */
function toAcceptance({ tried, answer }: Findings): boolean | undefined {
  if (tried.some(({ listing }) => isRefused(listing)) || answer?.failure?.outcome === "auth") return false;
  const isListed = tried.every(({ listing }) => listing.models !== undefined);
  return isListed || (answer !== undefined && answer.failure === undefined) ? true : undefined;
}

/** A key may be good for questions, but not for lists. */
function forgive(tried: readonly TriedKey[], answering: TriedKey | undefined): TriedKey[] {
  return tried.map((one) =>
    one === answering && isRefused(one.listing)
      ? { ...one, listing: { ...one.listing, failure: undefined } }
      : one,
  );
}

async function findOut(
  look: Look,
  keys: readonly (string | undefined)[],
  wanted: string | undefined,
): Promise<Findings> {
  const { connections, upstream, signal } = look;
  const tried = await tryKeys(look, keys);
  const models = tried.find(({ listing }) => listing.models !== undefined)?.listing.models;
  const asked = wanted ?? chooseChatModel([...upstream.modelNames, ...(models ?? [])]);
  const answering = tried.find(({ listing }) => !isRefused(listing)) ?? tried[0];
  if (asked === undefined || answering?.listing.isReachable !== true)
    return { tried, models, model: asked, answer: undefined };
  const model = upstream.findModel(asked) ?? asked;
  const answer: BriefAnswer = await askBriefly(
    { connections, signal },
    { upstream, key: answering.key, model, clocks: upstream.clocksFor(model) },
  );
  return { tried: answer.failure === undefined ? forgive(tried, answering) : tried, models, model, answer };
}

function prepare(upstream: Upstream, clocks: Clocks): PreparedUpstream | string {
  try {
    return prepareUpstream(upstream, clocks);
  } catch (error) {
    if (DomainError.is(error)) return error.message;
    throw error;
  }
}

const toUnreachable = (upstream: string, problem: string): ProbeReport => ({
  upstream,
  isReachable: false,
  isKeyAccepted: undefined,
  models: undefined,
  model: undefined,
  isStreaming: undefined,
  firstTokenMs: undefined,
  problem,
});

/**
 * Creates what looks at an upstream: can it be reached, are its keys accepted, which models has it, does it stream, and
 * how soon does it begin. A probe says nothing to the pool, works on upstreams that are in no pool, and never rejects.
 */
export function createProbe(connections: Connections, options: ProbeOptions): Gateway["probe"] {
  const { clocks, listingMs = 10_000 } = options;
  return async (upstream, { model, signal } = {}) => {
    const prepared = prepare(upstream, clocks);
    if (typeof prepared === "string") return toUnreachable(upstream.name, prepared);
    const hasKeys = upstream.passAuthorization !== true && upstream.keys.length > 0;
    const look = { connections, upstream: prepared, listingMs, signal };
    const found = await findOut(look, hasKeys ? upstream.keys.slice(0, keysMax) : [undefined], model);
    return {
      upstream: upstream.name,
      isReachable: found.tried.some(({ listing }) => listing.isReachable),
      isKeyAccepted: toAcceptance(found),
      models: found.models,
      model: found.model,
      isStreaming: found.answer?.isStreaming,
      firstTokenMs: found.answer?.firstTokenMs,
      problem: toProblem(found),
    };
  };
}
