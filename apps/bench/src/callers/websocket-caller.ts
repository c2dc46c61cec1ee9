import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { question, type Asked, type ConversationTarget, type StreamCaller } from "./caller.ts";
import type { Endpoint } from "./http-callers.ts";

/** The subscription `chat.stream` over WebSocket, a connection for each stream that is open at once. */
export function createWebSocketCaller(endpoint: Endpoint): StreamCaller {
  const idle: WebSocket[] = [];
  const all = new Set<WebSocket>();

  async function take(): Promise<WebSocket> {
    const known = idle.pop();
    if (known !== undefined) return known;
    const socket = new WebSocket(`${endpoint.url.replace("http", "ws")}/trpc?connectionParams=1`, {
      perMessageDeflate: false,
    });
    all.add(socket);
    await once(socket, "open");
    socket.send(JSON.stringify({ method: "connectionParams", data: { token: endpoint.token } }));
    return socket;
  }

  return {
    name: "WebSocket chat",
    pid: endpoint.pid,
    async ask(target) {
      const socket = await take();
      const asked = await askOver(socket, target);
      idle.push(socket);
      return asked;
    },
    [Symbol.dispose]() {
      for (const socket of all) socket.terminate();
    },
  };
}

let lastId = 0;

function askOver(socket: WebSocket, { conversationId }: ConversationTarget): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let firstTokenMs = Number.NaN;
    const onClose = () => reject(new Error("The WebSocket was closed before the answer was complete."));
    const onMessage = (data: Buffer) => {
      const text = data.toString("latin1");
      // The server asks in a message of its own whether anybody is there.
      if (text === "PING") return socket.send("PONG");
      if (Number.isNaN(firstTokenMs) && text.includes('"text-delta"'))
        firstTokenMs = performance.now() - startedAt;
      if (text.includes('"error"')) reject(new Error(text.slice(0, 300)));
      if (!text.includes('"run-done"')) return;
      socket.off("message", onMessage);
      socket.off("close", onClose);
      resolve({ firstTokenMs, totalMs: performance.now() - startedAt });
    };
    socket.on("message", onMessage);
    socket.once("close", onClose);
    const json = { conversationId, requestId: randomUUID(), message: question };
    const params = { path: "chat.stream", input: { json } };
    socket.send(JSON.stringify({ id: ++lastId, jsonrpc: "2.0", method: "subscription", params }));
  });
}
