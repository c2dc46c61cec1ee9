/**
 * The plain pass-through that everything is compared with, as a process of its own: node:http in front of node:http,
 * one pipe each way. `node raw-proxy.ts <upstream port> [anew]` prints its port and ends with its standard input; with
 * `anew` it makes a connection for every call, as Node's clients did by default before version 19.
 */
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

const upstreamPort = Number(process.argv[2]);
const agent = new Agent({ keepAlive: process.argv[3] !== "anew", maxSockets: Infinity });

const server = createServer((incoming, outgoing) => {
  const upstream = request(
    {
      port: upstreamPort,
      host: "127.0.0.1",
      path: incoming.url,
      method: incoming.method,
      headers: incoming.headers,
      agent,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  upstream.on("error", () => outgoing.destroy());
  incoming.pipe(upstream);
});

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
process.stdin.resume().once("end", () => {
  server.closeAllConnections();
  server.close();
  agent.destroy();
});
