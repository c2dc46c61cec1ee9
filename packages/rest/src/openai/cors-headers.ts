import type { IncomingHttpHeaders } from "node:http";

/** Chooses what a page from another place may see, by its origin. */
export type CorsHeaders = (headers: IncomingHttpHeaders) => Record<string, string>;

const exposed =
  "retry-after, x-request-id, x-should-retry, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens";

/** Creates the choice; `*` among the origins lets every page in. */
export function createCorsHeaders(origins: readonly string[]): CorsHeaders {
  const everybody = { "access-control-allow-origin": "*" };
  // Only a page has a use for it, and it is long.
  const page = { ...everybody, "access-control-expose-headers": exposed };
  if (origins.includes("*")) return ({ origin }) => (origin === undefined ? everybody : page);
  const allowed = new Set(origins);
  return ({ origin }) =>
    origin === undefined || !allowed.has(origin)
      ? { vary: "origin" }
      : { vary: "origin", "access-control-allow-origin": origin, "access-control-expose-headers": exposed };
}

/** What a browser is told before it sends a request of another place. */
export function toPreflight(headers: IncomingHttpHeaders): Record<string, string> {
  return {
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers":
      headers["access-control-request-headers"] ?? "authorization, content-type",
    "access-control-max-age": "600",
  };
}
