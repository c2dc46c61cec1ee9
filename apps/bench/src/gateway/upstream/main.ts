/**
 * The upstream of the gateway's benchmark, as a process of its own: raw sockets, everything precomputed, no log. The
 * model of a request says what is answered (`script.ts`); whatever stands before `/v1` in the path means nothing, so
 * that any number of upstreams can be this one. It prints its port and ends with its standard input.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createAnswer, toJsonAnswer, type Answer } from "./answers.ts";
import { createRequestCutter } from "./request-cutter.ts";
import { readFirst, toScript } from "./script.ts";
import { createTokenWheel, type TokenWheel } from "./token-wheel.ts";

type Prepared = { readonly answer: Answer; readonly stream: Buffer; readonly wheel: TokenWheel };

const prepared = new Map<string, Prepared>();
const models = toJsonAnswer({ object: "list", data: [{ id: "burst-10", object: "model" }] });
const sockets = new Set<Socket>();

function prepare(model: string): Prepared {
  const known = prepared.get(model);
  if (known !== undefined) return known;
  const answer = createAnswer(toScript(model));
  const stream = Buffer.concat([answer.opening, answer.burst, answer.ending]);
  const made = { answer, stream, wheel: createTokenWheel(answer) };
  prepared.set(model, made);
  return made;
}

function reply(socket: Socket, head: string, body: string): void {
  if (head.startsWith("GET")) return void socket.write(models);
  const { answer, stream, wheel } = prepare(/"model"\s*:\s*"([^"]*)"/.exec(body)?.[1] ?? "");
  if (!/"stream"\s*:\s*true/.test(body)) return void socket.write(answer.whole);
  if (answer.script.kind === "burst") return void socket.write(stream);
  socket.write(answer.opening);
  wheel.add(socket, readFirst(body));
}

const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(socket));
  socket.on(
    "data",
    createRequestCutter((head, body) => reply(socket, head, body)),
  );
});

server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
process.stdin.resume().once("end", () => {
  server.close();
  for (const socket of sockets) socket.destroy();
});
