import type { Environment } from "../env.ts";
import { settingVariables } from "../env.ts";
import { isPublicHttp } from "./base-url.ts";
import type { ConfigNotice } from "./config-error.ts";
import type { ConfigFile } from "./config-schema.ts";
import { findLeaveOutReason, type UpstreamEntry } from "./configured-upstream.ts";
import { isAllowed } from "./model-pattern.ts";
import { findNearestName } from "./nearest-name.ts";
import type { Config } from "./to-config.ts";

type Add = (path: string, message: string, level?: ConfigNotice["level"]) => void;

/** What is said once at start: keys that are accepted and mean something else, or nothing, in this version. */
export function findNotices(file: ConfigFile, config: Config, environment: Environment): ConfigNotice[] {
  const notices: ConfigNotice[] = [];
  const add: Add = (path, message, level = "info") => notices.push({ path, message, level });
  addListenNotices(file, config, add);
  addBackendNotices(file, config, add);
  addGatewayNotices(file, config, add);
  for (const [index, entry] of file.upstreams.entries()) {
    addUpstreamNotices(entry, file, (key, message, level) =>
      add(`upstreams[${index}]${key}`, message, level),
    );
  }
  for (const name of environment.unknownSettings) {
    const nearest = findNearestName(name, settingVariables);
    add(name, `is no known variable${nearest === undefined ? "" : `; did you mean ${nearest}?`}`, "warn");
  }
  return notices;
}

const loopback = /^(127\.|::1$|localhost$)/;

function addListenNotices(file: ConfigFile, { listen }: Config, add: Add): void {
  const isOpen = listen.some(({ host }) => host === undefined || !loopback.test(host));
  if (isOpen) {
    add(
      file.address === undefined ? "server" : "address",
      "other machines can reach the server, and it speaks plain HTTP: put a proxy with TLS in front of it",
    );
  }
  const isGatewayFile =
    file.dbtype !== undefined || file.dbaddr !== undefined || file.authorization !== undefined;
  if (isGatewayFile && file.address === undefined && file.server.port === undefined) {
    add(
      "address",
      'is not set: the earlier gateway then listened on ":8888", this server on 127.0.0.1:8080',
      "warn",
    );
  }
}

function addBackendNotices({ jwt, redis, sqlite, rag }: ConfigFile, { database }: Config, add: Add): void {
  if (jwt.secret !== undefined && Buffer.byteLength(jwt.secret) < 32) {
    add(
      "jwt.secret",
      "is shorter than 32 bytes; it is used as it is, so that tokens signed with it stay valid",
      "warn",
    );
  }
  if (redis?.address !== undefined && redis.address !== "") {
    add("redis", "is configured; this version runs without it and keeps everything in its database");
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
    add("rag.service_addr", "no longer means anything: no other service is called");
}

function addGatewayNotices(file: ConfigFile, { database, upstreams }: Config, add: Add): void {
  if (file.dbtype !== undefined || file.dbaddr !== undefined) {
    add(
      file.dbtype === undefined ? "dbaddr" : "dbtype",
      `this version writes no request records; its own database is ${database}`,
    );
  }
  if (file.hostname !== undefined) add("hostname", "has no effect: this version writes no request records");
  if (file.authorization !== undefined && file.authorization !== "") {
    add("authorization", "has no effect: this version has accounts, and no list of callers' tokens", "warn");
  }
  if (file.lb_policy !== undefined && file.lb_policy !== "order" && file.lb_policy !== "main") {
    add(
      "lb_policy",
      "has no effect: this version asks upstreams in the order in which they are listed",
      "warn",
    );
  }
  const unused = findTimeout(file);
  if (unused !== undefined && upstreams.length > 1) {
    const message =
      "every chat is streamed, and stream_timeout is the limit for that while there are several upstreams";
    add(unused, `has no effect: ${message}`);
  }
}

function findTimeout({ timeout, upstreams }: ConfigFile): string | undefined {
  if (timeout !== undefined) return "timeout";
  const index = upstreams.findIndex((entry) => entry.timeout !== undefined);
  return index === -1 ? undefined : `upstreams[${index}].timeout`;
}

function addUpstreamNotices(entry: UpstreamEntry, file: ConfigFile, add: Add): void {
  const reason = findLeaveOutReason(entry, file.authorization);
  if (reason !== undefined) {
    add("", `${reason}: it is left out`, "warn");
    return;
  }
  addKeyNotices(entry, add);
  const stillOpen = findIgnoredDenials(entry);
  if (stillOpen.length > 0) {
    add(
      ".deny",
      `has no effect on ${stillOpen.join(", ")}: list what the upstream serves under models`,
      "warn",
    );
  }
  if (entry.keep_header === true) {
    add(".keep_header", "has no effect: no header of a caller is passed on", "warn");
  }
  if (entry.noauth === true) add(".noauth", "has no effect: callers need an account", "warn");
}

function addKeyNotices({ key, sk, endpoint = "" }: UpstreamEntry, add: Add): void {
  const value = key ?? sk ?? "";
  if (value === "asis") {
    const message = "asis sends no key: what callers send to this server is never passed on";
    add(key === undefined ? ".sk" : ".key", message, "warn");
  } else if (value !== "" && isPublicHttp(endpoint)) {
    add(".endpoint", "is plain http to a public address: the key and every message travel readable", "warn");
  }
}

/** A denial counts where the list of what is served can be shortened by it, which a pattern cannot. */
function findIgnoredDenials({ allow = [], deny = [] }: UpstreamEntry): readonly string[] {
  if (allow.length === 0) return deny;
  return deny.filter((model) => !allow.includes(model) && !isAllowed(model, allow));
}
