import type { IncomingHttpHeaders } from "node:http";

/** The bearer token of a request; undefined where there is none, or another scheme. */
export function readCredential(headers: IncomingHttpHeaders): string | undefined {
  return readBearer(headers.authorization);
}

/** The token behind `Bearer`, by the rules of HTTP: the scheme in any case, one blank or more. */
export function readBearer(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
}
