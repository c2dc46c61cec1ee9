import { Agent, request } from "node:http";
import { connect } from "node:net";
import type { HostileReply, HostileRequest } from "./hostile-request.ts";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
/** How much of a stream is listened to: some of them end with their session only. */
const streamMsMax = 100;
const patienceMs = 15_000;

/** Sends a request, and reads what comes. */
export function sendHostile(url: string, given: HostileRequest): Promise<HostileReply> {
  const { method, path, token, body } = given;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let reply: HostileReply = { status: 0, contentType: "", text: "", ms: 0 };
    const finish = () => resolve(reply.ms > 0 ? reply : { ...reply, ms: performance.now() - startedAt });
    const { hostname, port } = new URL(url);
    const sent = request({
      host: hostname,
      port,
      method,
      path,
      agent,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
      },
    });
    sent.setTimeout(patienceMs, () => sent.destroy());
    sent.on("error", finish);
    sent.on("response", (answer) => {
      const contentType = answer.headers["content-type"] ?? "";
      reply = { ...reply, status: answer.statusCode ?? 0, contentType };
      const chunks: Buffer[] = [];
      if (contentType.startsWith("text/event-stream")) {
        reply = { ...reply, ms: performance.now() - startedAt };
        setTimeout(() => answer.destroy(), streamMsMax);
      }
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", () => {});
      answer.on("close", () => {
        reply = { ...reply, text: Buffer.concat(chunks).toString() };
        finish();
      });
    });
    sent.end(body);
  });
}

/** Sends bytes as they are, and reads until the server closes. */
export function sendRaw(url: string, bytes: Buffer): Promise<HostileReply> {
  const startedAt = performance.now();
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let firstAt = 0;
    const socket = connect({ host: hostname, port: Number(port) });
    // What is not whole is waited for by the server: it is the caller who has said all that it wants to say.
    socket.on("data", (chunk) => {
      firstAt ||= performance.now();
      chunks.push(chunk);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      const text = Buffer.concat(chunks).toString("latin1");
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
      const contentType = /\r\ncontent-type: ([^\r]*)/i.exec(text)?.[1] ?? "";
      resolve({ status, contentType, text, ms: firstAt === 0 ? 0 : firstAt - startedAt });
    });
    socket.end(bytes);
    socket.setTimeout(patienceMs, () => socket.destroy());
  });
}
