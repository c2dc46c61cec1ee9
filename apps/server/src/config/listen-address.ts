import { isIPv6 } from "node:net";

/** Where the server listens. Without a host it listens on every address of the machine. */
export type ListenAddress = { readonly host: string | undefined; readonly port: number };

/** What an address has to look like. */
export const addressExpectation = 'expected a port or host:port, such as ":8080" or "127.0.0.1:8080"';

/** Where the server listens when nobody says so. */
export const defaultAddress: ListenAddress = { host: "127.0.0.1", port: 8080 };

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i;

/** Reads `8080`, `:8080`, `host:8080` or `[::1]:8080`; undefined for anything else. */
export function readAddress(value: string | number): ListenAddress | undefined {
  const match = /^(?:(.*):)?(\d{1,5})$/.exec(String(value).trim());
  if (match === null) return undefined;
  const port = Number(match[2]);
  const host = readHost(match[1] ?? "");
  return port > 65_535 || host === undefined ? undefined : { host: host === "" ? undefined : host, port };
}

/** Reads a host as an address names it: the empty text for every address, undefined for what is no host. */
export function readHost(value: string): string | undefined {
  if (value === "" || value === "*") return "";
  const bare = value.startsWith("[") && value.endsWith("]") ? value.slice(1, -1) : value;
  if (isIPv6(bare)) return bare;
  return hostName.test(value) ? value : undefined;
}
