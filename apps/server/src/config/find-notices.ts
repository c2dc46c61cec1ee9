import type { Environment } from "../env.ts";
import { settingVariables } from "../env.ts";
import type { AddNotice, ConfigNotice } from "./config-error.ts";
import type { ConfigFile } from "./config-schema.ts";
import { addGatewayNotices, addUpstreamNotices } from "./gateway-notices.ts";
import { findNearestName } from "./nearest-name.ts";
import type { Config } from "./to-config.ts";

/** What is said once at start: keys that are accepted and mean something else, or nothing, in this version. */
export function findNotices(file: ConfigFile, config: Config, environment: Environment): ConfigNotice[] {
  const notices: ConfigNotice[] = [];
  const add: AddNotice = (path, message, level = "info") => notices.push({ path, message, level });
  addListenNotices(file, config, add);
  addBackendNotices(file, config, add);
  addGatewayNotices(file, config, add);
  for (const [index, entry] of file.upstreams.entries()) {
    addUpstreamNotices(entry, (key, message, level) => add(`upstreams[${index}]${key}`, message, level));
  }
  for (const name of environment.unknownSettings) {
    const nearest = findNearestName(name, settingVariables);
    add(name, `is no known variable${nearest === undefined ? "" : `; did you mean ${nearest}?`}`, "warn");
  }
  return notices;
}

const loopback = /^(127\.|::1$|localhost$)/;

/** Tells whether other machines can reach one of the addresses. */
function isReachable(listen: Config["listen"]): boolean {
  return listen.some(({ host }) => host === undefined || !loopback.test(host));
}

function toListenKey({ address, addresses }: ConfigFile): string {
  if (addresses !== undefined) return "addresses";
  return address === undefined ? "server" : "address";
}

function addListenNotices(file: ConfigFile, { listen }: Config, add: AddNotice): void {
  if (isReachable(listen)) {
    add(
      toListenKey(file),
      "other machines can reach the server, and it speaks plain HTTP: put a proxy with TLS in front of it",
    );
  }
  if (file.noauth && isReachable(listen)) {
    add("noauth", "lets everyone who reaches the server spend the upstreams' keys", "warn");
  }
}

function addBackendNotices(
  { jwt, sqlite, rag }: ConfigFile,
  { database, redis }: Config,
  add: AddNotice,
): void {
  if (jwt.secret !== undefined && Buffer.byteLength(jwt.secret) < 32) {
    add(
      "jwt.secret",
      "is shorter than 32 bytes; it is used as it is, so that tokens signed with it stay valid",
      "warn",
    );
  }
  if (redis !== undefined) {
    add("redis", "is used while it answers; everything that lasts is in this server's own database");
  }
  if (sqlite?.path !== undefined) {
    add(
      "sqlite.path",
      `names the earlier system's database, which is left as it is; this server's own is ${database}`,
    );
  }
  for (const key of ["max_open_conns", "max_idle_conns", "conn_max_lifetime"] as const) {
    if (sqlite?.[key] !== undefined)
      add(`sqlite.${key}`, "no longer means anything: there is no pool of connections");
  }
  if (rag?.service_addr !== undefined)
    add(
      "rag.service_addr",
      "no longer means anything: documents are read and searched by this server itself, see knowledge",
    );
}
