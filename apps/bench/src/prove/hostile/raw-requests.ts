import { pick, toNoise, toWild } from "./wild-values.ts";

const methods = ["GET", "POST", "PUT", "TRACE", "CONNECT", "PRI", "get", "", "G\0T", "OPTIONS", "HEAD"];
const targets = [
  "/api/conversations/list",
  "/api/users/login",
  "/trpc/auth.me",
  "/trpc/__proto__",
  "/trpc/a/b",
  "/trpc/%zz",
  "/trpc/conversation.list?input=%7B",
  "/v1/chat/completions",
  "/v1/models",
  "/v1/../admin/upstreams",
  "/v1/%00",
  "/admin/upstreams",
  "/healthz",
  "http://evil/api/conversations/list",
  "*",
  "//",
  "/\0",
  `/${"x".repeat(9000)}`,
];
const versions = ["HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", "", "HTTP/1.1 "];
const headers = [
  "Host: a",
  "Host: b",
  "Host : a",
  "Content-Length: 5",
  "Content-Length: -5",
  "Content-Length: 6, 6",
  "Content-Length: 99999999999999999999",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: identity",
  "Expect: 100-continue",
  "Expect: 200-maybe",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Content-Type: application/json",
  "Content-Type: nonsense;,=",
  "Content-Encoding: gzip",
  "Authorization: Bearer x",
  "Authorization: Basic !!",
  "Last-Event-ID: \x01",
  "Idempotency-Key: x",
  "Origin: null",
  "X-Forwarded-For: ::::",
  "__proto__: x",
  "X: \0",
  " folded",
  `X: ${"x".repeat(20_000)}`,
];
const bodies = [
  "",
  "{}",
  "0\r\n\r\n",
  "zz\r\n",
  '5\r\n{"a"\r\n0\r\n\r\n',
  "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
];
const lineEnds = ["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r"];

/** The bytes of a request that may be broken anywhere. */
export function toRawRequest(random: () => number): Buffer {
  const lineEnd = pick(random, lineEnds);
  const isPlain = random() < 0.4;
  const first = isPlain
    ? `${pick(random, ["GET", "POST"])} ${pick(random, targets)} HTTP/1.1`
    : `${pick(random, methods)} ${pick(random, targets)} ${pick(random, versions)}`;
  const lines = Array.from({ length: Math.floor(random() * 8) }, () => pick(random, headers));
  if (random() < 0.8) lines.unshift("Host: a");
  if (random() < 0.9) lines.push("Connection: close");
  const body = random() < 0.3 ? toWild(random) : pick(random, bodies);
  const text = `${[first, ...lines].join(lineEnd)}${lineEnd}${lineEnd}${body}`;
  return spoil(Buffer.from(random() < 0.03 ? toNoise(random, 200) : text, "latin1"), random);
}

/** Turns some bytes over, or leaves the end out. */
function spoil(bytes: Buffer, random: () => number): Buffer {
  if (random() < 0.15) return bytes.subarray(0, Math.floor(random() * bytes.length));
  if (random() < 0.2) {
    for (let count = 0; count < 3; count++)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  }
  return bytes;
}
