import type { FastifyRequest } from "fastify";
import { readJsonBody } from "./read-json.ts";
import type { Route, RouteRequest } from "./route.ts";

/** What a request brings to its row. @throws DomainError `invalid_input` for a body that is none. */
export function toRouteRequest(route: Route, request: FastifyRequest): RouteRequest {
  return {
    params: request.params as Record<string, string>,
    query: readQuery(request.query),
    // A call that takes no body does not mind one.
    body: route.body === undefined ? {} : readJsonBody(request.body as Buffer | undefined),
    header(name) {
      const value = name === "content-type" ? readContentType(request) : request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
  };
}

function readQuery(query: unknown): RouteRequest["query"] {
  const entries = Object.entries(query as Record<string, string | string[]>);
  return Object.fromEntries(entries.map(([name, value]) => [name, [value].flat()[0]]));
}

/** The one that was sent: what is left of the headers has none. */
function readContentType({ raw: { rawHeaders } }: FastifyRequest): string | undefined {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "content-type");
  return at === -1 ? undefined : rawHeaders[at + 1];
}
