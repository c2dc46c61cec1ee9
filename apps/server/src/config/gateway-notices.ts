import { isPublicHttp } from "./base-url.ts";
import type { AddNotice } from "./config-error.ts";
import type { ConfigFile } from "./config-schema.ts";
import { findLeaveOutReason, isAsIs, readTokens, type UpstreamEntry } from "./configured-upstream.ts";
import { findSecretWeakness } from "./secret-strength.ts";
import type { Config } from "./to-config.ts";

/** What there is to say of the keys that only the earlier gateway's file has, and of the callers' tokens. */
export function addGatewayNotices(file: ConfigFile, { database, records }: Config, add: AddNotice): void {
  if (file.dbtype !== undefined || file.dbaddr !== undefined) {
    const kept = records.isEnabled ? "records go into it" : "no records are kept";
    add(
      file.dbtype === undefined ? "dbaddr" : "dbtype",
      `names the earlier gateway's database, which is left as it is; this server's own is ${database}, and ${kept}`,
    );
  }
  if (readTokens(file.authorization).length > 0 && file.admin_authorization === undefined) {
    const message =
      "its tokens open /admin too, as in the earlier gateway; admin_authorization keeps callers out";
    add("authorization", message);
  }
  for (const key of ["authorization", "admin_authorization"] as const)
    addTokenNotice(file[key], (message) => add(key, message, "warn"));
}

/** What there is to say of one upstream. */
export function addUpstreamNotices(entry: UpstreamEntry, add: AddNotice): void {
  const reason = findLeaveOutReason(entry);
  if (reason !== undefined) {
    add("", `${reason}: it is left out`, "warn");
    return;
  }
  const hasKeys = [entry.key, entry.sk, ...(entry.keys ?? [])].some((key) => (key ?? "") !== "");
  if (isAsIs(entry)) {
    const message = "asis passes the caller's own Authorization header on, tokens of this server included";
    add(entry.key === undefined ? ".sk" : ".key", message);
  }
  if (hasKeys && isPublicHttp(entry.endpoint ?? "")) {
    add(".endpoint", "is plain http to a public address: the key and every message travel readable", "warn");
  }
  addTokenNotice(entry.authorization, (message) => add(".authorization", message, "warn"));
}

/** Such a token works, so that callers need not change at once; it is as good as none. */
function addTokenNotice(authorization: string | undefined, add: (message: string) => void): void {
  const weak = readTokens(authorization).filter((token) => findSecretWeakness(token) !== undefined).length;
  if (weak === 0) return;
  const which = weak === 1 ? "a token" : `${weak} tokens`;
  add(`has ${which} that others could guess; make better ones with: llm-backend key create`);
}
