import type { z } from "zod";
import { scrubSecrets } from "../logging/scrub-secrets.ts";
import { isSecretName } from "../logging/secret-names.ts";
import type { ConfigProblem } from "./config-error.ts";
import { findNearestName } from "./nearest-name.ts";
import type { OverriddenDocument } from "./overrides.ts";
import { findNode, listPathsTo } from "./schema-tree.ts";

type Path = readonly PropertyKey[];

// What other products call these keys.
const synonyms: Readonly<Record<string, readonly string[]>> = {
  endpoint: ["url", "baseurl", "apibase", "apibaseurl", "host"],
  key: ["apikey", "token", "secret", "secretkey", "apitoken"],
  address: ["listen", "bind", "addr", "listenaddress"],
  data: ["datadir", "datapath", "datafolder", "datadirectory"],
  database: ["db", "dbpath", "databaseurl", "databasepath"],
  upstreams: ["backends", "targets", "endpoints"],
  "server.port": ["port"],
  "server.host": ["host"],
  "log.level": ["loglevel", "verbosity"],
  "log.format": ["logformat"],
  "jwt.secret": ["jwtsecret", "secretkey"],
  registration: ["allowregistration", "signup"],
};

/** Turns what the schema found into mistakes, at most one for each key. */
export function toProblems(
  issues: readonly z.core.$ZodIssue[],
  overridden: OverriddenDocument,
): ConfigProblem[] {
  const problems = new Map<string, ConfigProblem>();
  for (const issue of issues) {
    for (const problem of toIssueProblems(issue, overridden)) {
      if (!problems.has(problem.path)) problems.set(problem.path, problem);
    }
  }
  return [...problems.values()];
}

function toIssueProblems(
  issue: z.core.$ZodIssue,
  { document, origins }: OverriddenDocument,
): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: toDottedPath([...issue.path, key]),
      message: toUnknownKey(issue.path, key),
    }));
  }
  const path = toDottedPath(issue.path);
  return [{ path: origins.get(path) ?? path, message: toMessage(issue, findValue(document, issue.path)) }];
}

/** Writes a path as people do: `upstreams[1].endpoint`. */
export function toDottedPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else
      text +=
        (text === "" ? "" : ".") + (/^[\w-]+$/.test(String(step)) ? String(step) : JSON.stringify(step));
  }
  return text === "" ? "(the whole file)" : scrubSecrets(text);
}

function toMessage(issue: z.core.$ZodIssue, value: unknown): string {
  const message = issue.message.startsWith("Invalid") ? "is not valid" : issue.message;
  if (value === undefined) return `is missing: ${message}`;
  const isQuotable = message.startsWith("expected") && !issue.path.some((step) => isSecretName(String(step)));
  return isQuotable ? `${message}, got ${toQuote(value, message)}` : message;
}

/** What stands there, short and without secrets. */
function toQuote(value: unknown, message: string): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "keys with values";
  if (typeof value !== "string") return String(value);
  // In a section's place may stand one of its secrets.
  if (/^expected (keys|names|a list)\b/.test(message)) return "text";
  const scrubbed = scrubSecrets(value);
  return JSON.stringify(scrubbed.length > 60 ? `${scrubbed.slice(0, 60)}…` : scrubbed);
}

function findValue(document: unknown, path: Path): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

function toUnknownKey(path: Path, key: string): string {
  const known = Object.keys(findNode(path)?.properties ?? {});
  const suggestion = findMeantKey(known, key);
  return suggestion === undefined ? "is no known key" : `is no known key; did you mean ${suggestion}?`;
}

function findMeantKey(known: readonly string[], key: string): string | undefined {
  const bare = key.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const synonym = Object.keys(synonyms).find(
    (name) =>
      synonyms[name]?.includes(bare) === true &&
      (known.includes(name) || known.includes(name.split(".")[0] ?? "")),
  );
  if (synonym !== undefined) return synonym;
  const nearest = findNearestName(key, known);
  if (nearest !== undefined) return nearest;
  const longer = known.find((name) => name.startsWith(`${key}_`) || name.endsWith(`_${key}`));
  if (longer !== undefined) return longer;
  const elsewhere = listPathsTo(key.toLowerCase());
  return elsewhere.length === 1 ? elsewhere[0] : undefined;
}
