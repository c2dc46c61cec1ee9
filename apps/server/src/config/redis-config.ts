import type { ConfigFile } from "./config-schema.ts";
import { readAddress } from "./listen-address.ts";

/** Where Redis is, and how this server uses it. */
export type RedisConfig = {
  /** A host with its port, or the path of a socket. */
  readonly place: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  readonly keyPrefix: string;
  /** Whether processes reach each other's runs through it. */
  readonly isRelay: boolean;
  /** Whether the process counts as not ready while Redis does not answer. */
  readonly isRequired: boolean;
};

const defaultPort = 6379;

/** Draws the conclusions from the section; undefined where it names no Redis. */
export function toRedisConfig(redis: ConfigFile["redis"]): RedisConfig | undefined {
  if (redis === undefined) return undefined;
  const url = redis.url === undefined ? noUrl : readUrl(redis.url);
  const place = readPlace(redis) ?? url.place;
  if (place === undefined) return undefined;
  return {
    place,
    username: redis.username || url.username,
    password: redis.password || url.password,
    db: redis.db ?? url.db,
    tls: redis.tls ?? url.tls,
    keyPrefix: redis.key_prefix,
    isRelay: redis.relay,
    isRequired: redis.required,
  };
}

function readPlace({
  address,
  host,
  port,
}: NonNullable<ConfigFile["redis"]>): RedisConfig["place"] | undefined {
  if (host !== undefined) return { host, port: port ?? defaultPort };
  if (address === undefined || address === "") return undefined;
  const read = readAddress(address);
  // A name without a port, which the earlier backend refused.
  if (read === undefined) return { host: address, port: port ?? defaultPort };
  return { host: read.host ?? "127.0.0.1", port: read.port };
}

type FromUrl = Pick<RedisConfig, "username" | "password" | "db" | "tls"> & {
  readonly place: RedisConfig["place"] | undefined;
};

const noUrl: FromUrl = { place: undefined, username: undefined, password: undefined, db: 0, tls: false };

function readUrl(text: string): FromUrl {
  const url = new URL(text);
  const isSocket = url.protocol === "unix:";
  const db = Number(url.searchParams.get("db") ?? (isSocket ? 0 : url.pathname.slice(1)));
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    place: isSocket
      ? { path: decodeURIComponent(url.pathname) }
      : { host, port: url.port === "" ? defaultPort : Number(url.port) },
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    db: Number.isSafeInteger(db) && db >= 0 ? db : 0,
    tls: url.protocol === "rediss:",
  };
}
