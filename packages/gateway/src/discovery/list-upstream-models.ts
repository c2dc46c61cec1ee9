import type { Connections } from "../attempt/connections.ts";
import { toAnswerFailure } from "../failure/answer-failure.ts";
import { toFailure, type Failure } from "../failure/failure.ts";
import { isFields } from "../failure/provider-error.ts";
import { toPath } from "../routing/endpoint.ts";
import type { PreparedUpstream } from "../routing/prepared-upstream.ts";
import { fetchWhole } from "./fetch-whole.ts";

/** Whom to ask for its models, and with which key. */
export type ModelSource = { readonly upstream: PreparedUpstream; readonly key: string | undefined };

/** How long the question may take. */
export type ListingOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal };

/** What came of asking an upstream for its models. */
export type ModelListing = {
  readonly isReachable: boolean;
  /** Undefined: it did not say. */
  readonly models: readonly string[] | undefined;
  /** Why it did not say. */
  readonly failure: Failure | undefined;
};

// OpenRouter's list, one of the longest, is 1.2 MB for 400 models.
const bytesMax = 8 * 1024 * 1024;
const modelsMax = 5000;
const charsMax = 200;

/** A name that a caller could write, and that a log can show. */
function isName(name: unknown): name is string {
  return typeof name === "string" && name.length <= charsMax && /^[^\p{C}\s][^\p{C}]*$/u.test(name);
}

/** OpenAI lists objects with an id under `data`; others leave the envelope away, or call things otherwise. */
function readModels(body: string): readonly string[] | undefined {
  let root: unknown;
  try {
    root = JSON.parse(body);
  } catch {
    return undefined;
  }
  const rows = isFields(root) ? (root["data"] ?? root["models"]) : root;
  if (!Array.isArray(rows)) return undefined;
  const names = rows.map((row: unknown) =>
    isFields(row) ? (row["id"] ?? row["name"] ?? row["model"]) : row,
  );
  return [...new Set(names.filter(isName))].slice(0, modelsMax);
}

const unreadable = toFailure("protocol_error", "upstream_unavailable", "the list of models cannot be read");

/** Asks an upstream's `/models` what it serves. Never rejects. */
export async function listUpstreamModels(
  connections: Connections,
  { upstream, key }: ModelSource,
  options: ListingOptions,
): Promise<ModelListing> {
  const { endpoint } = upstream;
  const request = {
    origin: endpoint.origin,
    path: toPath(endpoint, "/models"),
    method: "GET",
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "llm-backend",
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    body: null,
  };
  const { answer, failure, isConnected } = await fetchWhole(connections, request, { ...options, bytesMax });
  if (answer === undefined) return { isReachable: isConnected, models: undefined, failure };
  if (answer.status < 200 || answer.status > 299) {
    const refusal = toAnswerFailure(answer, { key, host: endpoint.host });
    return { isReachable: true, models: undefined, failure: refusal };
  }
  const models = readModels(answer.body);
  return { isReachable: true, models, failure: models === undefined ? unreadable : undefined };
}
