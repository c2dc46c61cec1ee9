import type { Server } from "node:http";
import { compile, default as readAddress } from "@fastify/proxy-addr";
import { appRouter, mapError, type Context } from "@llm-backend/server";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocketServer, type WebSocket } from "ws";
import { trpcPath } from "./mount-trpc.ts";
import { findRefusal } from "./refusal.ts";
import { readBearer, readCredential } from "./request-context.ts";
import { screenMessages } from "./screen-messages.ts";
import { watchSends, type SendWindow } from "./send-window.ts";
import { takeCalls, type SocketSubscriptionCall } from "./socket-calls.ts";
import { openSubscriptions } from "./socket-subscriptions.ts";

/** What the face needs of its host. */
export type WebSocketOptions = {
  readonly createContext: (given: Omit<Context, "services">) => Context;
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
  const windows = new WeakMap<WebSocket, SendWindow>();
  const contexts = new WeakMap<WebSocket, Context>();
  const report = (error: Error): void => {
    if (mapError(error).reason === "internal" && !isCallersFault(error)) options.onInternalError(error);
  };
  // Without a listener, what a broken client sends would end the process.
  sockets.on("error", options.onInternalError);
  sockets.on("connection", (socket) => {
    socket.on("error", () => socket.terminate());
    windows.set(socket, watchSends(socket));
    const subscriptions = openSubscriptions(socket, report);
    const taker = {
      // Before there is a context, tRPC knows what the first message has to be.
      start(call: SocketSubscriptionCall) {
        const context = contexts.get(socket);
        if (context !== undefined) subscriptions.start(call, context);
        return context !== undefined;
      },
      stop: (id: number | string) => subscriptions.stop(id),
    };
    screenMessages(socket, (text) => takeCalls(text, options.batchCallsMax, taker));
  });
  const trust = compile([...options.trustedProxies]);
  const handler = applyWSSHandler({
    wss: sockets,
    router: appRouter,
    keepAlive: { enabled: true, pingMs: 10_000, pongWaitMs: 10_000 },
    createContext({ req, res, info }) {
      const token = info.connectionParams?.token;
      const window = windows.get(res);
      const context = options.createContext({
        credential: token === undefined ? readCredential(req.headers) : readBearer(`Bearer ${token}`),
        address: readAddress(req, trust) ?? "",
        writable: window?.writable,
      });
      contexts.set(res, context);
      return context;
    },
    maxBatchSize: options.batchCallsMax,
    onError: ({ error }) => report(error),
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
