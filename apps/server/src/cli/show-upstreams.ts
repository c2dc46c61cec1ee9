import type { UpstreamView } from "@llm-backend/contract";
import { maskSecret } from "@llm-backend/server";
import type { ReadUpstream } from "../upstreams/to-upstreams.ts";
import { toJsonLine } from "./option-values.ts";
import { renderTable } from "./render-table.ts";

/** What is shown of an upstream, whether a server has started with it or not. */
export type ShownUpstream = Pick<
  UpstreamView,
  | "name"
  | "source"
  | "endpoint"
  | "keys"
  | "passAuthorization"
  | "models"
  | "isEnabled"
  | "successes"
  | "failures"
  | "lastSuccessAt"
> & { readonly id: number | null };

/** Shows an upstream of the configuration that no server has started with. */
export function toShown({ upstream }: ReadUpstream, showsKeys: boolean): ShownUpstream {
  const { name, endpoint, keys, models, passAuthorization = false } = upstream;
  return {
    id: null,
    name,
    endpoint,
    source: "config",
    keys: showsKeys ? [...keys] : keys.map(maskSecret),
    models: [...models],
    passAuthorization,
    isEnabled: true,
    successes: 0,
    failures: 0,
    lastSuccessAt: null,
  };
}

/** A table for people. */
export function renderUpstreams(upstreams: readonly ShownUpstream[]): string {
  const rows = upstreams.map((shown) => [
    shown.id === null ? "-" : String(shown.id),
    shown.name,
    shown.source,
    shown.endpoint,
    toKeys(shown, " "),
    shown.models.length === 0 ? "all" : shown.models.join(" "),
    shown.isEnabled ? "on" : "off",
    String(shown.successes),
    String(shown.failures),
    toTime(shown),
  ]);
  const head = ["id", "name", "from", "endpoint", "key", "models", "used", "successes", "failures"];
  return renderTable([...head, "last success"], rows);
}

/** As the earlier gateway listed them. */
export function renderPlain(upstreams: readonly ShownUpstream[]): string {
  const head = ["SK", "Endpoint", "Success", "Failed", "Last Success Time"];
  const rows = upstreams.map((shown) => [
    toKeys(shown, ","),
    shown.endpoint,
    String(shown.successes),
    String(shown.failures),
    toTime(shown),
  ]);
  return [head, ...rows].map((cells) => `${cells.join("\t")}\n`).join("");
}

/** One line of JSON for each. */
export function renderJson(upstreams: readonly ShownUpstream[]): string {
  return upstreams.map(toJsonLine).join("");
}

function toKeys({ keys, passAuthorization }: ShownUpstream, separator: string): string {
  if (passAuthorization) return "asis";
  return keys.length === 0 ? "none" : keys.join(separator);
}

function toTime({ lastSuccessAt }: ShownUpstream): string {
  return lastSuccessAt === null ? "never" : lastSuccessAt.toISOString();
}
