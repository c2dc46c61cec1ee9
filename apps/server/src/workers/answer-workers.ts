import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { RelayHandlers } from "@llm-backend/server";
import { toRelayedError, type RelayReply, type RelayRequest } from "./relay-words.ts";
import { readFirstValue, writeValue } from "./socket-lines.ts";

/** Answers the other workers until it is closed. */
export type WorkerServer = { close(): Promise<void> };

/** What answering stands on. */
export type AnswerOptions = {
  readonly handlers: RelayHandlers;
  readonly onError: (error: unknown) => void;
};

/**
 * Listens on a worker's socket, for the processes of the same user only.
 *
 * @throws the system's error where the socket cannot be made.
 */
export async function answerWorkers(path: string, options: AnswerOptions): Promise<WorkerServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    answer(socket, options).catch((error: unknown) => {
      if (!socket.destroyed) options.onError(error);
      socket.destroy();
    });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
  chmodSync(path, 0o600);
  return {
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        for (const socket of open) socket.destroy();
      });
    },
  };
}

async function answer(socket: Socket, options: AnswerOptions): Promise<void> {
  const request = await readFirstValue(socket);
  if (request !== undefined) await carryOut(socket, { ...options, request: request as RelayRequest });
  socket.end();
}

async function carryOut(socket: Socket, given: AnswerOptions & { request: RelayRequest }): Promise<void> {
  const { handlers, request } = given;
  switch (request.type) {
    case "follow":
      return sendLog(socket, handlers, request);
    case "stop":
      return reply(socket, given, () => handlers.stop(request.runId));
    case "start":
      return reply(socket, given, () => handlers.start(request.start));
    case "signal":
      return reply(socket, given, () => Promise.resolve(handlers.onSignal(request.signal)));
  }
}

/** Sends a log as far as the other worker takes it: what it has not taken waits in the log, and nowhere else. */
async function sendLog(
  socket: Socket,
  handlers: RelayHandlers,
  { runId, position }: { readonly runId: string; readonly position: number },
): Promise<void> {
  const left = new AbortController();
  socket.on("close", () => left.abort());
  if (socket.destroyed) return;
  const log = handlers.openLog(runId);
  if (log !== undefined) {
    for await (const entry of log.follow(position, { signal: left.signal })) {
      await send(socket, { type: "entry", entry });
    }
  }
  await send(socket, { type: "end" });
}

async function reply(
  socket: Socket,
  { onError }: AnswerOptions,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await send(socket, { type: "done", value: await work() });
  } catch (error) {
    const relayed = toRelayedError(error);
    if (relayed.code === "internal") onError(error);
    await send(socket, { type: "failed", error: relayed });
  }
}

const send = (socket: Socket, value: RelayReply) => writeValue(socket, value);
