import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { openSocket, readStatus, sendRaw } from "../callers/raw-request.ts";
import { expectHarmless } from "../hostile/hostile-world.ts";
import { malformedRequests, toBytes } from "../hostile/malformed-requests.ts";
import { setClientStage, type ClientStage } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";

const sockets = isFullSize ? 2000 : 60;
const quick = { limits: { headers_seconds: 1, request_seconds: 1 } };

/** Ways to hold a connection for nothing: what is sent first, and then a piece at a time. */
const slowLoris: readonly (readonly [name: string, first: string, drip: string])[] = [
  ["sends nothing", "", ""],
  ["drips its head", "GET /healthz HTTP/1.1\r\nHost: a\r\n", "X: y\r\n"],
  [
    "drips its body",
    "POST /api/users/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n",
    " ",
  ],
  [
    "drips chunks to the typed face",
    "POST /trpc/auth.login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    "1\r\n \r\n",
  ],
  [
    "drips its question",
    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n",
    " ",
  ],
];

/** Holds a connection until it is closed; tells what was answered. */
async function hold(url: string, first: string, drip: string): Promise<string> {
  const socket = await openSocket(url);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  // Being cut off in the middle of a drop is what it is for.
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  if (first !== "") socket.write(first);
  const dripping = setInterval(() => {
    if (drip !== "" && socket.writable) socket.write(drip);
  }, 100);
  await closed;
  clearInterval(dripping);
  return answer;
}

describe("C19: a client holds connections for nothing", () => {
  it(
    "C19: each is closed when its time is over, and others are served meanwhile",
    { timeout: 120_000 },
    async () => {
      await using stage = await setClientStage({ config: quick, ownProcess: true });
      const startedAt = performance.now();
      const held = Array.from({ length: sockets }, (_, index) => {
        const [, first, drip] = slowLoris[index % slowLoris.length] as (typeof slowLoris)[number];
        return hold(stage.backend.url, first, drip);
      });
      const { rest } = await stage.addUser();
      expect((await rest.get("/api/conversations/list")).status).toBe(200);
      const answers = await Promise.all(held);
      // A second for the request, two until somebody looks; the rest is for a busy machine.
      expect(performance.now() - startedAt).toBeLessThan(isFullSize ? 30_000 : 10_000);
      for (const [index, answer] of answers.entries()) {
        const [name, first] = slowLoris[index % slowLoris.length] as (typeof slowLoris)[number];
        // Who said nothing may be told nothing; a question of nobody's is refused by its head.
        const statuses = first === "" ? [0, 408] : [401, 403, 408];
        expect(statuses, name).toContain(answer === "" ? 0 : readStatus(answer));
        expectHarmless(answer);
      }
      await stage.judge();
    },
  );

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === "IPv4" && !one.internal)?.address;

  it.skipIf(outside === undefined)(
    "C19: an address has only so many, and this machine's own are not counted",
    { meta: { skipReason: "this machine has no address but its own" } },
    async () => {
      await using stage = await setClientStage({
        config: { limits: { sockets_per_address_max: 5 } },
        ownProcess: true,
        addr: "0.0.0.0:0",
      });
      const port = Number(new URL(stage.backend.url).port);
      const open: Socket[] = [];
      const states = { open: 0, closed: 0 };
      for (let count = 0; count < 12; count++) {
        const socket = connect(port, outside).on("error", () => {});
        open.push(socket);
        socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        const isOpen = await new Promise<boolean>((resolve) => {
          socket.once("data", () => resolve(true)).once("close", () => resolve(false));
        });
        states[isOpen ? "open" : "closed"]++;
      }
      expect(states).toEqual({ open: 5, closed: 7 });
      const told = () => stage.backend.logLines.filter((line) => line.includes("sockets_per_address_max"));
      await until(() => told().length > 0, "the log says so");
      expect(told()).toHaveLength(1);
      for (const socket of open) socket.destroy();
      await stage.judge();
    },
  );
});

describe("C20: a request is no honest HTTP", () => {
  let stage: ClientStage;
  beforeAll(async () => {
    stage = await setClientStage();
  });
  // What nobody has noticed while all of them went on.
  afterAll(async () => {
    await stage.judge();
    await stage[Symbol.asyncDispose]();
  });

  it.each(malformedRequests)(
    "C20: it is refused once, with its connection closed: %s",
    async (_name, bytes, statuses) => {
      const answer = await sendRaw(stage.backend.url, Buffer.from(bytes, "latin1"));
      expect(statuses).toContain(readStatus(answer));
      expect((answer.match(/HTTP\/1\.1 /g) ?? []).length).toBe(1);
      expectHarmless(answer.slice(answer.indexOf("\r\n\r\n")));
    },
  );

  const targets = ["/healthz", "/api/conversations/list", "/trpc/model.list", "/v1/models", "/metrics", "/"];

  it.each(targets)(
    "C20: two hosts, a whole URL, a header named __proto__, and TRACE are refused: %s",
    async (path) => {
      const { url } = stage.backend;
      const get = `GET ${path} HTTP/1.1`;
      for (const lines of [
        [get, "Host: a", "Host: b"],
        [get, "Host: a", "host: a"],
        [`GET http://evil.example${path} HTTP/1.1`, "Host: a"],
        [`GET //evil.example${path} HTTP/1.1`, "Host: a", "Host: evil.example"],
        [get, "Host: a", "__proto__: x"],
        [get],
      ])
        expect([lines, readStatus(await sendRaw(url, toBytes(lines)))]).toEqual([lines, 400]);
      const traced = await sendRaw(url, toBytes([`TRACE ${path} HTTP/1.1`, "Host: a", "X-Secret: shown"]));
      expect([400, 403, 404, 405]).toContain(readStatus(traced));
      expect(traced).not.toContain("shown");
    },
  );
});
