import type { Server } from "node:http";
import type { Socket } from "node:net";

type Progress = { flushed: number; since: number };

/**
 * Cuts off connections whose reader takes nothing: what waits for such a reader is bounded by back-pressure, but its
 * stream would stay open for ever. Whoever is cut off can come back and resume.
 *
 * @returns what ends the guard.
 */
export function guardStalls(servers: readonly Server[], options: { stallMs: number }): Disposable {
  const sockets = new Map<Socket, Progress>();
  const watch = (socket: Socket) => {
    sockets.set(socket, { flushed: 0, since: performance.now() });
    socket.once("close", () => sockets.delete(socket));
  };
  for (const server of servers) server.on("connection", watch);

  const timer = setInterval(
    () => {
      const now = performance.now();
      for (const [socket, progress] of sockets) {
        const flushed = socket.bytesWritten - socket.writableLength;
        if (socket.writableLength === 0 || flushed !== progress.flushed) {
          progress.flushed = flushed;
          progress.since = now;
        } else if (now - progress.since >= options.stallMs) {
          socket.destroy();
        }
      }
    },
    Math.max(10, options.stallMs / 4),
  ).unref();

  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const server of servers) server.off("connection", watch);
    },
  };
}
