import fc from "fast-check";
import { expect, it } from "vitest";
import { readAddress } from "./listen-address.ts";

const anyPort = fc.integer({ min: 0, max: 65_535 });

it("reads a port alone as every address", () => {
  fc.assert(
    fc.property(anyPort, (port) => {
      for (const text of [port, `${port}`, `:${port}`, `*:${port}`]) {
        expect(readAddress(text)).toEqual({ host: undefined, port });
      }
    }),
  );
});

it("reads host and port, in IPv4, IPv6 and by name", () => {
  fc.assert(
    fc.property(anyPort, fc.tuple(fc.ipV4(), fc.ipV6(), fc.domain()), (port, [ip4, ip6, name]) => {
      expect(readAddress(`${ip4}:${port}`)).toEqual({ host: ip4, port });
      expect(readAddress(`[${ip6}]:${port}`)).toEqual({ host: ip6, port });
      expect(readAddress(`${name}:${port}`)).toEqual({ host: name, port });
    }),
  );
});

it.each([
  "",
  ":",
  "x",
  "65536",
  ":-1",
  "localhost",
  "http://a:1",
  "a b:1",
  "[::1]",
  "::1",
  "[::1:1",
  "[nope]:1",
  "a:1:2",
  "-a:1",
  "1.5",
  "0x50",
  "unix:/run/x",
])("reads nothing else: %j", (text) => {
  expect(readAddress(text)).toBeUndefined();
});
