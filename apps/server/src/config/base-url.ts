import { BlockList, isIP } from "node:net";

/** What an upstream's endpoint has to look like. */
export const urlExpectation = "expected an http(s) URL";

/** Says what is wrong with an upstream's base URL, as a whole sentence; undefined for a usable one. */
export function findUrlProblem(value: string): string | undefined {
  const url = /^https?:\/\/[^\s]+$/i.test(value) ? URL.parse(value) : null;
  if (url === null) return urlExpectation;
  // A key inside a URL ends up in logs; one behind a redirect at the wrong host.
  if (url.username !== "" || url.password !== "")
    return "must not contain a user name or a password; the key goes into key";
  if (url.search !== "" || url.hash !== "") return "must not contain ? or #";
  if (/\/(chat\/completions|completions|models|embeddings|responses)\/?$/.test(url.pathname)) {
    return "expected the base URL, such as https://api.openai.com/v1, not the URL of one call";
  }
  return undefined;
}

/** A base URL without the slashes at its end. */
export function toBaseUrl(value: string): string {
  return value.trim().replace(/\/+$/, "");
}

const privateRanges = new BlockList();
for (const [network, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
] as const) {
  privateRanges.addSubnet(network, prefix, "ipv4");
}
privateRanges.addAddress("::1", "ipv6");
privateRanges.addSubnet("fc00::", 7, "ipv6");
privateRanges.addSubnet("fe80::", 10, "ipv6");

/** Tells whether a base URL sends everything in plain text across the public network. */
export function isPublicHttp(endpoint: string): boolean {
  const url = URL.parse(endpoint);
  if (url?.protocol !== "http:") return false;
  const host = url.hostname.replaceAll(/^\[|\]$/g, "");
  const version = isIP(host);
  if (version !== 0) return !privateRanges.check(host, version === 4 ? "ipv4" : "ipv6");
  // Names without a dot are containers and machines of the same network.
  return host.includes(".") && !/\.(local|localhost|internal|lan|home|test)$/.test(host);
}
