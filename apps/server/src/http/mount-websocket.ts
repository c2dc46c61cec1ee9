import type { Server } from "node:http";
import { compile, default as readAddress } from "@fastify/proxy-addr";
import { appRouter, mapError, type Context } from "@llm-backend/server";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocketServer, type WebSocket } from "ws";
import { trpcPath } from "./mount-trpc.ts";
import { findRefusal } from "./refusal.ts";
import { readBearer, readCredential } from "./request-context.ts";

/** What the face needs of its host. */
export type WebSocketOptions = {
  readonly createContext: (given: Pick<Context, "credential" | "address">) => Context;
  readonly onInternalError: (error: unknown) => void;
  readonly messageBytesMax: number;
  readonly urlBytesMax: number;
  readonly batchCallsMax: number;
  /** The proxies whose word about the caller's address is believed. */
  readonly trustedProxies: readonly string[];
};

/** The WebSocket face of one server. */
export type MountedWebSocket = {
  /** Asks every client to come back: this process is about to end. */
  askToReconnect(): void;
  close(): void;
};

/** A reader that is behind by more is cut off; it resumes where it was. */
const bufferedBytesMax = 256 * 1024;

/** Mounts all procedures as WebSocket on the path of the HTTP face. The token comes with the first message. */
export function mountWebSocket(server: Server, options: WebSocketOptions): MountedWebSocket {
  const sockets = new WebSocketServer({
    server,
    path: trpcPath,
    maxPayload: options.messageBytesMax,
    verifyClient({ req }, answer) {
      const refusal = findRefusal(req, options.urlBytesMax);
      answer(refusal === undefined, refusal?.status, refusal?.message);
    },
  });
  // Without a listener, what a broken client sends would end the process.
  sockets.on("error", options.onInternalError);
  sockets.on("connection", (socket) => {
    socket.on("error", () => socket.terminate());
    boundSends(socket);
  });
  const trust = compile([...options.trustedProxies]);
  const handler = applyWSSHandler({
    wss: sockets,
    router: appRouter,
    keepAlive: { enabled: true, pingMs: 10_000, pongWaitMs: 10_000 },
    createContext({ req, info }) {
      const token = info.connectionParams?.token;
      return options.createContext({
        credential: token === undefined ? readCredential(req.headers) : readBearer(`Bearer ${token}`),
        address: readAddress(req, trust) ?? "",
      });
    },
    maxBatchSize: options.batchCallsMax,
    onError({ error }) {
      if (mapError(error).reason === "internal" && !isCallersFault(error)) options.onInternalError(error);
    },
  });
  return {
    askToReconnect: () => handler.broadcastReconnectNotification(),
    close() {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
    },
  };
}

/** What a caller does to its own connection, a message too large or a broken frame, closes that connection. */
function isCallersFault({ cause }: Error): boolean {
  return cause instanceof Error && "code" in cause && String(cause.code).startsWith("WS_ERR_");
}

/** tRPC writes as events come and does not ask how much of it was read; this does. */
function boundSends(socket: WebSocket): void {
  const send = socket.send.bind(socket) as (data: string) => void;
  socket.send = (data: unknown) => {
    if (socket.bufferedAmount > bufferedBytesMax) socket.terminate();
    else send(data as string);
  };
}
