import { once } from "node:events";
import { request } from "node:http";
import { endless } from "@llm-backend/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openSocket, readStatus, sendRaw } from "../callers/raw-request.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { expectHarmless, nest } from "../hostile/hostile-world.ts";
import { setClientStage, type ClientStage } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";
import { readProcessUsage } from "./process-usage.ts";
import { callerToken } from "./v1-caller.ts";

const mebibyte = 1024 * 1024;
const bodyBytesMax = mebibyte;
const limits = {
  limits: { body_bytes_max: bodyBytesMax },
  gateway: { body_bytes_max: bodyBytesMax, upload_bytes_max: 64 * mebibyte },
};

/** Where a JSON body can be sent, and how fields are wrapped there. */
const faces = [
  { path: "/api/conversations/create", wrap: (fields: string) => fields },
  { path: "/trpc/conversation.create", wrap: (fields: string) => `{"json":${fields}}` },
  {
    path: "/v1/chat/completions",
    wrap: (fields: string) => `{"model":"fake-model","stream":false,"messages":[{"content":${fields}}]}`,
  },
] as const;
type Face = (typeof faces)[number];

const toHead = (path: string, token: string | undefined, ...lines: readonly string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    "Host: a",
    "Content-Type: application/json",
    `Authorization: Bearer ${path.startsWith("/v1") ? callerToken : token}`,
    "Connection: close",
    ...lines,
    "\r\n",
  ].join("\r\n");

/** Sends chunks until it is answered, or so many bytes are gone; tells the answer and how much was sent. */
async function sendChunks(url: string, head: string, bytesMax: number) {
  const socket = await openSocket(url);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  socket.write(head);
  const chunk = `10000\r\n${"x".repeat(0x1_00_00)}\r\n`;
  let sent = 0;
  while (!socket.destroyed && sent < bytesMax) {
    sent += 0x1_00_00;
    const drained = new Promise<void>((resolve) => void socket.once("drain", () => resolve()));
    if (!socket.write(chunk)) await Promise.race([closed, drained]);
  }
  socket.end();
  await closed;
  return { answer, sent };
}

type Whole = {
  readonly path: string;
  readonly token: string | undefined;
  readonly connection: string;
  readonly body: Buffer;
  readonly isCounted: boolean;
};

/** Sends a body to its end, whatever is answered meanwhile, and reads the answer only then, as many programs do. */
async function sendWhole(url: string, given: Whole): Promise<number> {
  const { path, token, connection, body, isCounted } = given;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const call = request(`${url}${path}`, {
    method: "POST",
    agent: false,
    headers: {
      connection,
      "content-type": "application/json",
      authorization: `Bearer ${path.startsWith("/v1") ? callerToken : token}`,
      ...(isCounted ? { "content-length": body.length } : { "transfer-encoding": "chunked" }),
    },
  });
  call.once("error", reject);
  call.once("response", (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  call.end(body);
  return promise;
}

describe("C11: a body is larger than it may be", () => {
  it(
    "C11: it is refused with 413, and never held in memory, however it says how long it is",
    { timeout: 300_000 },
    async () => {
      await using stage = await setClientStage({ config: limits, ownProcess: true });
      const { rest } = await stage.addUser();
      const { url, pid } = stage.backend;
      const before = readProcessUsage(pid ?? 0)?.rssBytesMax ?? 0;
      for (const { path } of faces) {
        const honest = await sendRaw(url, toHead(path, rest.token, "Content-Length: 1000000000"));
        expect([path, readStatus(honest)]).toEqual([path, 413]);
        const bytesMax = (isFullSize ? 1024 : 256) * mebibyte;
        const endlessBody = await sendChunks(
          url,
          toHead(path, rest.token, "Transfer-Encoding: chunked"),
          bytesMax,
        );
        expect([path, readStatus(endlessBody.answer)]).toEqual([path, 413]);
        // So much may still come after the answer, and is not kept; then nothing more is taken.
        expect(endlessBody.sent).toBeLessThan(bytesMax / 2);
        expectHarmless(endlessBody.answer);
        // One that says less than it sends: the rest is no part of it, and no request either.
        const lying = await sendRaw(
          url,
          `${toHead(path, rest.token, "Content-Length: 2")}{}${"x".repeat(100_000)}`,
        );
        expect((lying.match(/HTTP\/1\.1 /g) ?? []).length).toBe(1);
        expect(readStatus(lying)).toBeLessThan(500);
        // One that says more than it sends is given up with its connection.
        const short = await openSocket(url);
        short.end(`${toHead(path, rest.token, "Content-Length: 500")}{"a":`);
        await once(short.resume(), "close");
      }
      const grown = (readProcessUsage(pid ?? 0)?.rssBytesMax ?? 0) - before;
      expect(grown).toBeLessThan(64 * mebibyte);
      await stage.judge();
    },
  );

  it("C11: whoever is still sending when it is refused reads why", { timeout: 300_000 }, async () => {
    await using stage = await setClientStage({ config: limits, ownProcess: true });
    const { rest } = await stage.addUser();
    const body = Buffer.alloc(24 * mebibyte, "x");
    for (const { path } of faces) {
      for (const connection of ["close", "keep-alive"]) {
        const sent = Array.from({ length: 4 }, (_, index) => {
          // Every other one does not say how long it is.
          const isCounted = index % 2 === 0;
          return sendWhole(stage.backend.url, { path, token: rest.token, connection, body, isCounted });
        });
        expect([path, connection, await Promise.all(sent)]).toEqual([path, connection, sent.map(() => 413)]);
      }
    }
    await stage.judge();
  });
});

type Sent = { readonly path: string; readonly token: string | undefined; readonly body: string | Buffer };

async function post(stage: ClientStage, { path, token, body }: Sent) {
  const response = await fetch(`${stage.backend.url}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${path.startsWith("/v1") ? callerToken : token}`,
    },
    body: body as BodyInit,
  });
  const text = await response.text();
  expectHarmless(text);
  return { status: response.status, text };
}

describe("C12: JSON is nested deeply", () => {
  const depths = [10, 100, 1e3, 1e4, 1e5, 1e6, 4e6];

  it("C12: it is refused before it is parsed, on every face", { timeout: 300_000 }, async () => {
    await using stage = await setClientStage({ ownProcess: true });
    const { rest } = await stage.addUser();
    await using socket = await openSocketCaller(stage.backend.url, rest.token);
    const before = readProcessUsage(stage.backend.pid ?? 0);
    const bodies = depths.flatMap((depth) => nest(depth).map((body) => ({ depth, body })));
    for (const { depth, body } of bodies.filter((one) => one.body.length <= 8_388_608)) {
      for (const { path } of faces) {
        const { status, text } = await post(stage, { path, token: rest.token, body });
        // What is not too deep for a call of /v1 is one that names no model.
        expect(path.startsWith("/v1") ? [400, 404] : [400], text).toContain(status);
        if (depth > 100) expect([path, depth, status]).toEqual([path, depth, 400]);
      }
      socket.send(`{"id":1000000,"method":"query","params":{"path":"model.list","input":${body}}}`);
    }
    expect((await socket.call("query", "auth.me")).error).toBeUndefined();
    const after = readProcessUsage(stage.backend.pid ?? 0);
    // Parsing the deepest of them would take four times as much of each.
    expect((after?.rssBytesMax ?? 0) - (before?.rssBytesMax ?? 0)).toBeLessThan(200 * mebibyte);
    await stage.judge();
  });

  it("C12: what is nested as deep as it may be is taken", async () => {
    await using stage = await setClientStage();
    const { token } = (await stage.addUser()).rest;
    const nested = `${"[".repeat(30)}${"]".repeat(30)}`;
    const [api, , v1] = faces;
    const fields = `{"title":"T","model":"m","x":${nested}}`;
    expect((await post(stage, { ...api, token, body: fields })).status).toBe(200);
    expect((await post(stage, { ...v1, token, body: v1.wrap(nested) })).status).toBe(200);
    await stage.judge();
  });
});

/** What is no text that can be stored, or no JSON. */
const broken: readonly (readonly [name: string, fields: Buffer])[] = [
  ["JSON that ends too early", Buffer.from('{"title":')],
  ["JSON with a comma too many", Buffer.from('{"title":"T","model":"m",}')],
  ["two values", Buffer.from('{"title":"T","model":"m"}{}')],
  ["a raw line break in a string", Buffer.from('{"title":"T\n","model":"m"}')],
  ["half a character", Buffer.from('{"title":"\\ud83d","model":"m"}')],
  ["halves in the wrong order", Buffer.from('{"title":"\\ude00\\ud83d","model":"m"}')],
  ["a NUL", Buffer.from('{"title":"a\\u0000b","model":"m"}')],
  [
    "bytes that are no UTF-8",
    Buffer.from([...Buffer.from('{"title":"'), 0xc3, 0x28, ...Buffer.from('","model":"m"}')]),
  ],
  [
    "an overlong form",
    Buffer.from([...Buffer.from('{"title":"'), 0xc0, 0xaf, ...Buffer.from('","model":"m"}')]),
  ],
  [
    "half a character in bytes",
    Buffer.from([...Buffer.from('{"title":"'), 0xed, 0xa0, 0x80, ...Buffer.from('","model":"m"}')]),
  ],
];

const wrapBytes = ({ path }: Face, fields: Buffer): Buffer =>
  path.startsWith("/trpc") ? Buffer.concat([Buffer.from('{"json":'), fields, Buffer.from("}")]) : fields;

describe("C13: a body is broken", () => {
  it("C13: it is refused with 400 that says what is wrong, and nothing is stored", async () => {
    await using stage = await setClientStage();
    const { rest, trpc } = await stage.addUser();
    const { token } = rest;
    for (const [name, fields] of broken) {
      for (const face of faces.slice(0, 2)) {
        const { status, text } = await post(stage, { ...face, token, body: wrapBytes(face, fields) });
        expect([name, face.path, status]).toEqual([name, face.path, 400]);
        expect(text).toMatch(/title|valid JSON|valid UTF-8/);
      }
      if (/JSON|two/.test(name)) {
        const refused = await post(stage, { ...faces[2], token, body: fields });
        expect([name, refused.status]).toEqual([name, 400]);
        expect(refused.text).toMatch(/at byte \d+/);
      }
    }
    const { conversations } = await trpc.query<{ conversations: unknown[] }>("conversation.list", {});
    expect(conversations).toHaveLength(1);
    await stage.judge();
  });

  it("C13: with a byte order mark, and with a key twice, it means the same everywhere", async () => {
    await using stage = await setClientStage();
    const { token } = (await stage.addUser()).rest;
    for (const face of faces.slice(0, 2)) {
      const twice = face.wrap('{"title":"A","model":"m","title":"B"}');
      const { status, text } = await post(stage, { ...face, token, body: `\uFEFF${twice}` });
      expect([face.path, status]).toEqual([face.path, 200]);
      expect(text).toContain('"title":"B"');
    }
    // Whom the caller may ask is decided by the field that the upstream reads.
    const body = '{"model":"forbidden","messages":[],"stream":false,"model":"fake-model"}';
    expect((await post(stage, { ...faces[2], token, body })).status).toBe(200);
    const sent = stage.upstream.calls.at(-1)?.bodyText ?? "";
    expect(sent.match(/"model"/g)).toHaveLength(1);
    expect(sent).toContain('"model":"fake-model"');
    await stage.judge();
  });

  it(
    "C13: whatever bytes it holds, it is answered without an error of ours",
    { timeout: 120_000 },
    async () => {
      await using stage = await setClientStage({ reply: endless("x") });
      const { token } = (await stage.addUser()).rest;
      const bodies = fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc.json().map((text) => Buffer.from(text)),
        fc.tuple(fc.nat(60), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([at, bytes]) => {
          const whole = Buffer.from('{"json":{"title":"T","model":"m"},"title":"T","model":"m"}');
          return Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at)]);
        }),
      );
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          for (const face of faces.slice(0, 2)) {
            const { status } = await post(stage, { ...face, token, body });
            expect([200, 400]).toContain(status);
          }
        }),
        { numRuns: isFullSize ? 3000 : 60 },
      );
      await stage.judge();
    },
  );
});
