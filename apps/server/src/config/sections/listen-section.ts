import { isIP } from "node:net";
import { z } from "zod";
import { addressExpectation, readAddress, readHost } from "../listen-address.ts";
import { list, section } from "../scalar-schemas.ts";

const address = z
  .union([z.string(), z.number()], { error: addressExpectation })
  .refine((value) => readAddress(value) !== undefined, { error: addressExpectation });

/** `address`: where to listen, as one address or several. */
export const addressSchema = z
  .union([address, z.array(address).min(1, { error: addressExpectation })], { error: addressExpectation })
  .optional()
  .meta({
    description:
      'Where the server listens: "host:port", or a list of them. A port without a host (":8080") listens on every address of the machine. Without this key and server.port: 127.0.0.1:8080, which only this machine reaches.',
    example: "127.0.0.1:8080",
  });

/** `addresses`: the same under the name that says how many there may be. */
export const addressesSchema = z
  .array(address, { error: "expected a list of addresses" })
  .min(1, { error: addressExpectation })
  .max(64, { error: "expected at most 64 addresses" })
  .optional()
  .meta({
    description:
      "Several addresses at once, all of which serve everything; an alternative to address. A voice engine may expect other ports than a browser does.",
    example: [":8080", ":8000", ":8888"],
  });

/** `server`: the same in two keys. */
export const serverSchema = section({
  port: address.optional().meta({
    description: 'The port, as 8080, "8080" or ":8080". Without a host the server listens on every address.',
    example: "8080",
  }),
  host: z
    .string({ error: "expected a host name or an IP address" })
    .refine((value) => readHost(value) !== undefined, { error: "expected a host name or an IP address" })
    .optional()
    .meta({ description: "The host name or IP address to listen on.", example: "127.0.0.1" }),
})
  .prefault({})
  .meta({ description: "Where the server listens, in two keys; an alternative to address." });

const namedRanges = new Set(["loopback", "linklocal", "uniquelocal"]);

function isProxy(value: string): boolean {
  if (namedRanges.has(value)) return true;
  const [ip = "", bits, ...rest] = value.split("/");
  const version = isIP(ip);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

const proxyExpectation =
  "expected an IP address, a range such as 10.0.0.0/8, or loopback, linklocal, uniquelocal";

/** `trusted_proxies`: whose X-Forwarded-For is believed. */
export const trustedProxiesSchema = list(
  z.string({ error: proxyExpectation }).refine(isProxy, { error: proxyExpectation }),
)
  .default([])
  .meta({
    description:
      "The reverse proxies whose X-Forwarded-For header is believed: IP addresses, ranges, or the words loopback, linklocal, uniquelocal. Everyone else's header is ignored.",
    example: ["loopback", "10.0.0.0/8"],
  });

const originExpectation = 'expected "*" or an origin such as https://app.example.com, without a path';

function isOrigin(value: string): boolean {
  if (value === "*") return true;
  return /^https?:\/\//.test(value) && URL.parse(value)?.origin === value;
}

/** `cors`: which web pages may call. */
export const corsSchema = section({
  origins: list(z.string({ error: originExpectation }).refine(isOrigin, { error: originExpectation }))
    .default(["*"])
    .meta({
      description:
        'The origins whose pages may call the API. "*" lets every page call; tokens travel in a header, never in a cookie, so a page can only use a token that it was given.',
    }),
})
  .prefault({})
  .meta({ description: "Calls from web pages of other origins." });
