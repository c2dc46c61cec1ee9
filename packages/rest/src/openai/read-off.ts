import type { IncomingMessage } from "node:http";

const bytesMax = 32 * 1024 * 1024;
const readOffMsMax = 5000;

/**
 * Reads off what is left of a body that nobody wants, after the answer to it: whoever is still sending would lose the
 * answer to a closed connection, and its next request could not be told from the rest. Whoever goes on for too long is
 * cut off.
 */
export function readOff(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), readOffMsMax).unref();
  let size = 0;
  request
    .on("data", (piece: Buffer) => {
      size += piece.length;
      if (size > bytesMax) socket.destroy();
    })
    .on("error", () => {})
    .once("close", () => clearTimeout(timer))
    .resume();
}
