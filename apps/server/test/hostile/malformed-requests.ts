const list = "GET /api/conversations/list HTTP/1.1";
const login = "POST /api/users/login HTTP/1.1";

/** Lines of a head as they go over the wire, and a body behind them. */
export const toBytes = (lines: readonly string[], body = "") =>
  `${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n${body}`;

/** Requests that no honest client sends, each with the statuses that it may be refused with. */
export const malformedRequests: readonly (readonly [
  name: string,
  bytes: string,
  statuses: readonly number[],
])[] = [
  ["two hosts", toBytes([list, "Host: a", "Host: b"]), [400]],
  ["no host", toBytes([list]), [400]],
  [
    "a whole URL as its target",
    toBytes(["GET http://evil/api/conversations/list HTTP/1.1", "Host: a"]),
    [400],
  ],
  ["TRACE", toBytes(["TRACE /api/conversations/list HTTP/1.1", "Host: a"]), [400, 404, 405]],
  ["a header named __proto__", toBytes([list, "Host: a", "__proto__: x"]), [400]],
  [
    "a length and chunks",
    toBytes([login, "Host: a", "Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    [400],
  ],
  ["two lengths", toBytes([login, "Host: a", "Content-Length: 5", "Content-Length: 6"], "abcdef"), [400]],
  ["a negative length", toBytes([login, "Host: a", "Content-Length: -5"], "abcde"), [400]],
  ["another encoding than chunks", toBytes([login, "Host: a", "Transfer-Encoding: identity"], "{}"), [400]],
  ["chunks twice", toBytes([login, "Host: a", "Transfer-Encoding: chunked, chunked"], "0\r\n\r\n"), [400]],
  ["a chunk of no size", toBytes([login, "Host: a", "Transfer-Encoding: chunked"], "zz\r\n"), [400]],
  ["bare line feeds", `${list}\nHost: a\nConnection: close\n\n`, [400]],
  ["a blank before a colon", toBytes([list, "Host : a"]), [400]],
  ["a folded header", toBytes([list, "Host: a", "X: b", " c"]), [400]],
  ["a NUL in its target", toBytes(["GET /\0 HTTP/1.1", "Host: a"]), [400]],
  ["a NUL in a header", toBytes([list, "Host: a", "X: \0"]), [400]],
  ["another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]],
  ["noise", "\x16\x03\x01\x02\0\x01\0\x01\xfc\r\n\r\n", [400]],
  ["headers of 20 KB", toBytes([list, "Host: a", `X: ${"x".repeat(20_000)}`]), [431]],
  [
    "3,000 headers",
    toBytes([list, "Host: a", ...Array.from({ length: 3000 }, (_, index) => `X${index}: y`)]),
    [431],
  ],
  ["a URL of 9 KB", toBytes([`GET /${"x".repeat(9000)} HTTP/1.1`, "Host: a"]), [414]],
  [
    "a URL of 9 KB on the REST face",
    toBytes([`GET /api/chat/${"1".repeat(9000)} HTTP/1.1`, "Host: a"]),
    [414],
  ],
  [
    "a URL of 9 KB on the typed face",
    toBytes([`GET /trpc/model.list?input=${"1".repeat(9000)} HTTP/1.1`, "Host: a"]),
    [414],
  ],
  [
    "an expectation that nobody meets",
    toBytes([login, "Host: a", "Expect: 200-maybe", "Content-Length: 2"], "{}"),
    [417],
  ],
  [
    "two hosts on the way to a WebSocket",
    toBytes([
      "GET /trpc HTTP/1.1",
      "Host: a",
      "Host: b",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]),
    [400],
  ],
  [
    "a WebSocket elsewhere",
    toBytes([
      "GET /api/chat/1 HTTP/1.1",
      "Host: a",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]),
    [400, 404],
  ],
];
