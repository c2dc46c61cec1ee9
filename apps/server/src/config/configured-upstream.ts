import { toBaseUrl } from "./base-url.ts";
import type { ConfigFile } from "./config-schema.ts";
import { isAllowed } from "./model-pattern.ts";

/** One upstream as a file writes it, in this system's words or in the earlier gateway's. */
export type UpstreamEntry = ConfigFile["upstreams"][number];

/** One upstream of the configuration, with everything that it takes from elsewhere filled in. */
export type ConfiguredUpstream = {
  /** Unique among all upstreams. */
  readonly name: string;
  readonly endpoint: string;
  readonly key: string | undefined;
  readonly models: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  /** Only what differs from the clocks of all. */
  readonly clocks: NonNullable<UpstreamEntry["clocks"]>;
};

const earlierTimeoutDefault = 120;

/** Says why nothing is sent to an upstream, as the end of a sentence; undefined for one that is used. */
export function findLeaveOutReason(
  entry: UpstreamEntry,
  authorization: string | undefined,
): string | undefined {
  if (entry.type === "replicate") return "speaks Replicate's own protocol, which this version does not know";
  const opening = readTokens(entry.authorization);
  const callers = readTokens(authorization);
  if (opening.length > 0 && (callers.length === 0 || callers.some((token) => !opening.includes(token)))) {
    return "is reserved for callers with tokens of its own, and this version cannot tell its callers apart by token";
  }
  return undefined;
}

/** Fills in the upstreams of a configuration; those that cannot be used are left out. */
export function toConfiguredUpstreams(file: ConfigFile): ConfiguredUpstream[] {
  const entries = file.upstreams.filter(
    (entry) => findLeaveOutReason(entry, file.authorization) === undefined,
  );
  const names = toUniqueNames(entries);
  return entries.map((entry, index) => ({
    name: names[index] ?? "",
    endpoint: toBaseUrl(entry.endpoint ?? ""),
    key: toKey(entry),
    models: entry.models ?? (entry.allow ?? []).filter((model) => isAllowed(model, entry.deny ?? [])),
    aliases: entry.aliases ?? {},
    clocks: toClocks(entry, file, entries.length === 1),
  }));
}

function readTokens(authorization: string | undefined): string[] {
  return (authorization ?? "")
    .split(",")
    .map((token) => token.trim())
    .filter((token) => token !== "");
}

/** `asis` passed the caller's own header on; what callers send here is a token of ours, which must not go anywhere. */
function toKey({ key, sk }: UpstreamEntry): string | undefined {
  const value = key ?? sk;
  return value === undefined || value === "" || value === "asis" ? undefined : value;
}

function toClocks(entry: UpstreamEntry, file: ConfigFile, isSingle: boolean): ConfiguredUpstream["clocks"] {
  const firstByte = entry.clocks?.first_byte_seconds ?? toEarlierTimeout(entry, file, isSingle);
  return { ...entry.clocks, ...(firstByte === undefined ? {} : { first_byte_seconds: firstByte }) };
}

/** The earlier gateway's rule for a streamed request: the short limit, but the long one where no other upstream could help. */
function toEarlierTimeout(entry: UpstreamEntry, file: ConfigFile, isSingle: boolean): number | undefined {
  const short = entry.stream_timeout || file.stream_timeout || undefined;
  if (!isSingle) return short;
  const long = entry.timeout || file.timeout || undefined;
  return long ?? (short === undefined ? undefined : earlierTimeoutDefault);
}

function toUniqueNames(entries: readonly UpstreamEntry[]): string[] {
  const taken = new Set(entries.flatMap(({ name }) => name ?? []));
  return entries.map(({ name, endpoint }) => {
    if (name !== undefined) return name;
    const host = URL.parse(endpoint ?? "")?.host ?? "upstream";
    let unique = host;
    for (let count = 2; taken.has(unique); count++) unique = `${host}-${count}`;
    taken.add(unique);
    return unique;
  });
}
