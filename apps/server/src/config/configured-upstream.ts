import { toBaseUrl } from "./base-url.ts";
import type { ConfigFile } from "./config-schema.ts";
import { toUpstreamClocks, type UpstreamClocks } from "./upstream-clocks.ts";

/** One upstream as a file writes it, in this system's words or in the earlier gateway's. */
export type UpstreamEntry = ConfigFile["upstreams"][number];

/** Whose calls reach an upstream. */
export type ConfiguredAccess = {
  /** The callers' tokens that open it; empty: those that open the whole server. */
  readonly tokens: readonly string[];
  /** Everyone's calls do, without any token. */
  readonly isOpen: boolean;
};

/** One upstream of the configuration, with everything that it takes from elsewhere filled in. */
export type ConfiguredUpstream = {
  /** Unique among all upstreams. */
  readonly name: string;
  readonly endpoint: string;
  readonly keys: readonly string[];
  readonly models: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly access: ConfiguredAccess;
  /** Only what differs from the clocks of all. */
  readonly clocks: UpstreamClocks;
  readonly modelClocks?: Readonly<Record<string, UpstreamClocks>>;
  readonly deny?: readonly string[];
  /** `sk: asis`: the caller's own header goes out in place of a key. */
  readonly passAuthorization?: boolean;
  readonly keepHeaders?: boolean;
  readonly discover?: boolean;
  readonly weight?: number;
  readonly tier?: number;
  readonly concurrencyMax?: number;
  readonly queueMax?: number;
  readonly midstream?: "off" | "exact" | "continue";
  readonly prefill?: NonNullable<UpstreamEntry["prefill"]>;
};

/** Says why nothing is sent to an upstream, as the end of a sentence; undefined for one that is used. */
export function findLeaveOutReason(entry: UpstreamEntry): string | undefined {
  return entry.type === "replicate"
    ? "speaks Replicate's own protocol, which this version does not know"
    : undefined;
}

/** Fills in the upstreams of a configuration; those that cannot be used are left out. */
export function toConfiguredUpstreams(file: ConfigFile): ConfiguredUpstream[] {
  const entries = file.upstreams.filter((entry) => findLeaveOutReason(entry) === undefined);
  const names = toUniqueNames(entries);
  return entries.map((entry, index) => ({
    name: names[index] ?? "",
    endpoint: toBaseUrl(entry.endpoint ?? ""),
    keys: toKeys(entry),
    models: entry.models ?? entry.allow ?? [],
    aliases: entry.aliases ?? {},
    access: { tokens: readTokens(entry.authorization), isOpen: entry.noauth ?? false },
    clocks: toUpstreamClocks(entry, { file, isSingle: entries.length === 1 }),
    ...withoutUndefined({
      modelClocks: entry.model_clocks,
      deny: entry.deny,
      passAuthorization: isAsIs(entry) || undefined,
      keepHeaders: entry.keep_header,
      discover: entry.discover,
      weight: entry.weight,
      tier: entry.tier,
      concurrencyMax: entry.concurrency_max,
      queueMax: entry.queue_max,
      midstream: entry.midstream,
      prefill: entry.prefill,
    }),
  }));
}

/** Reads a list of tokens that commas separate; each of them once. */
export function readTokens(authorization: string | undefined): string[] {
  const tokens = (authorization ?? "").split(",").map((token) => token.trim());
  return [...new Set(tokens)].filter((token) => token !== "");
}

/** Tells whether the caller's own header is passed on to an upstream. */
export function isAsIs({ key, sk }: UpstreamEntry): boolean {
  return (key ?? sk) === "asis";
}

function toKeys(entry: UpstreamEntry): string[] {
  if (isAsIs(entry)) return [];
  const keys = [entry.key ?? entry.sk ?? "", ...(entry.keys ?? [])];
  return [...new Set(keys)].filter((key) => key !== "");
}

type WithoutUndefined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(fields: T): WithoutUndefined<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as WithoutUndefined<T>;
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
