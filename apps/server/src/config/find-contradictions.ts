import { urlExpectation } from "./base-url.ts";
import type { ConfigProblem } from "./config-error.ts";
import { findToolProblems } from "./find-tool-problems.ts";
import { readAddress } from "./listen-address.ts";
import { isAllowed } from "./model-pattern.ts";
import { isRawDocument, type RawDocument } from "./raw-document.ts";

// Works on the raw document, so that contradictions are found beside all other mistakes, not after them.

const toMap = (value: unknown): RawDocument => (isRawDocument(value) ? value : {});
const toList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isText = (value: unknown): value is string => typeof value === "string";

/** Finds keys that are well-formed each, and cannot both be meant. */
export function findContradictions(document: RawDocument): ConfigProblem[] {
  return [
    ...findListenProblems(document),
    ...findKeyProblems(document),
    ...findClockProblems(document, ""),
    ...findLimitProblems(document),
    ...toList(document.upstreams).flatMap((item, index) =>
      isRawDocument(item) ? findUpstreamProblems(item, `upstreams[${index}]`) : [],
    ),
    ...findToolProblems(document),
    ...findDuplicates(document, "upstreams"),
    ...findDuplicates(document, "providers"),
  ];
}

function findListenProblems({ address, addresses, server }: RawDocument): ConfigProblem[] {
  const { host, port } = toMap(server);
  const problems: ConfigProblem[] = [
    ...findTwiceListened("address", address),
    ...findTwiceListened("addresses", addresses),
  ];
  if (addresses !== undefined && (address !== undefined || host !== undefined || port !== undefined)) {
    const other = address === undefined ? "server.port and server.host" : "address";
    problems.push({ path: "addresses", message: `contradicts ${other}; keep one of them` });
  }
  if (address !== undefined && (host !== undefined || port !== undefined)) {
    problems.push({ path: "address", message: "contradicts server.port and server.host; keep one of them" });
  }
  if (host !== undefined && isText(port) && /[^:\d]/.test(port)) {
    problems.push({
      path: "server.host",
      message: "contradicts server.port, which names a host too; keep one of them",
    });
  }
  return problems;
}

/** One address can be listened on once. Port 0 is another one each time. */
function findTwiceListened(key: string, list: unknown): ConfigProblem[] {
  const firstIndexes = new Map<string, number>();
  return toList(list).flatMap((item, index) => {
    const read = typeof item === "string" || typeof item === "number" ? readAddress(item) : undefined;
    if (read === undefined || read.port === 0) return [];
    const place = `${read.host ?? "*"}:${read.port}`;
    const first = firstIndexes.get(place);
    if (first !== undefined)
      return [{ path: `${key}[${index}]`, message: `is the same as ${key}[${first}]` }];
    firstIndexes.set(place, index);
    return [];
  });
}

function findKeyProblems(document: RawDocument): ConfigProblem[] {
  const { secret } = toMap(document.jwt);
  const problems: ConfigProblem[] = [];
  if (document.master_key !== undefined && document.master_key_file !== undefined) {
    problems.push({ path: "master_key_file", message: "contradicts master_key; keep one of them" });
  }
  if (isText(secret) && secret === document.master_key) {
    problems.push({ path: "master_key", message: "is the same as jwt.secret; use two different secrets" });
  }
  return problems;
}

const earlierClocks = { timeout: "whole_answer_seconds", stream_timeout: "first_byte_seconds" } as const;

function findClockProblems(holder: RawDocument, prefix: string): ConfigProblem[] {
  const clocks = toMap(holder.clocks);
  return Object.entries(earlierClocks)
    .filter(([key, clock]) => holder[key] !== undefined && clocks[clock] !== undefined)
    .map(([key, clock]) => ({
      path: `${prefix}${key}`,
      message: `contradicts clocks.${clock}; keep one of them`,
    }));
}

/** Two numbers of which the first must not exceed the second, with their defaults. */
const ordered = [
  { section: "limits", less: ["headers_seconds", 10], more: ["request_seconds", 30] },
  {
    section: "gateway.breaker",
    less: ["open_seconds", 10],
    more: ["open_seconds_max", 300],
  },
  {
    section: "gateway.key_rest",
    less: ["limited_seconds", 1],
    more: ["limited_seconds_max", 60],
  },
  { section: "auth", less: ["refresh_days", 30], more: ["session_days", 90] },
] as const;

function findLimitProblems(document: RawDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const { section, less, more } of ordered) {
    const { [less[0]]: least = less[1], [more[0]]: most = more[1] } = findSection(document, section);
    if (typeof least === "number" && typeof most === "number" && least > most) {
      problems.push({
        path: `${section}.${less[0]}`,
        message: `must not exceed ${section}.${more[0]} (${most})`,
      });
    }
  }
  const origins = toList(toMap(document.cors).origins);
  if (origins.includes("*") && origins.length > 1) {
    const message = 'contains "*", which makes the others meaningless; keep one or the other';
    problems.push({ path: "cors.origins", message });
  }
  return problems;
}

function findSection(document: RawDocument, section: string): RawDocument {
  return section.split(".").reduce((parent, key) => toMap(parent[key]), document);
}

function findUpstreamProblems(upstream: RawDocument, path: string): ConfigProblem[] {
  const problems = [...findClockProblems(upstream, `${path}.`), ...findCredentialProblems(upstream, path)];
  const add = (key: string, message: string) => problems.push({ path: `${path}.${key}`, message });
  if (upstream.endpoint === undefined && upstream.type !== "replicate")
    add("endpoint", `is missing: ${urlExpectation}`);
  if (upstream.models !== undefined && upstream.allow !== undefined)
    add("allow", "contradicts models; keep one of them");
  if (upstream.queue_max !== undefined && upstream.concurrency_max === undefined)
    add("queue_max", "means nothing without concurrency_max");
  if (isNothingLeft(upstream))
    add("deny", "takes away every model that the upstream serves; nothing is left");
  return problems;
}

function findCredentialProblems(upstream: RawDocument, path: string): ConfigProblem[] {
  const { key, sk, keys, noauth, authorization } = upstream;
  const problems: ConfigProblem[] = [];
  const add = (name: string, message: string) => problems.push({ path: `${path}.${name}`, message });
  if (key !== undefined && sk !== undefined) add("sk", "contradicts key; keep one of them");
  if ((key ?? sk) === "asis" && toList(keys).length > 0)
    add("keys", "contradicts asis, which sends the caller's own header in place of a key");
  if (noauth === true && isText(authorization) && authorization !== "")
    add("noauth", "contradicts authorization; keep one of them");
  return problems;
}

function isNothingLeft({ allow, models, deny }: RawDocument): boolean {
  const listed = toList(allow ?? models).filter(isText);
  const denied = toList(deny).filter(isText);
  return denied.length > 0 && !(listed.length > 0 ? listed : ["*"]).some((model) => isAllowed(model, denied));
}

function findDuplicates(document: RawDocument, listKey: string): ConfigProblem[] {
  const firstIndexes = new Map<string, number>();
  return toList(document[listKey]).flatMap((item, index) => {
    const { name } = toMap(item);
    if (!isText(name)) return [];
    const first = firstIndexes.get(name);
    if (first !== undefined) {
      return [{ path: `${listKey}[${index}].name`, message: `is already the name of ${listKey}[${first}]` }];
    }
    firstIndexes.set(name, index);
    return [];
  });
}
