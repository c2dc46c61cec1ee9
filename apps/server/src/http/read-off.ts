import type { IncomingMessage, ServerResponse } from "node:http";

/** As much as a body that nobody wants may still bring, and for how long. */
const bytesMax = 64 * 1024 * 1024;
const silentMsMax = 5000;
const readOffMsMax = 30_000;

/**
 * Reads off what is left of a request's body after the answer to it. A connection that is closed while its caller sends
 * takes the answer down with it: the system tells the caller of the cut first. Closed is it when the caller is through,
 * or goes on for too long.
 *
 * @source RFC 9112, section 9.6, Tear-down
 */
export function readOffAfter(request: IncomingMessage, response: ServerResponse): void {
  // Before Node's own listener, which closes the connection.
  response.prependOnceListener("finish", () => {
    if (!request.complete && !request.destroyed) readOff(request);
  });
}

function readOff(request: IncomingMessage): void {
  const { socket } = request;
  const cut = (): void => void socket.destroy();
  const deadline = setTimeout(cut, readOffMsMax).unref();
  const silence = setTimeout(cut, silentMsMax).unref();
  let isLast = false;
  let size = 0;
  // What Node does after an answer that is a connection's last.
  socket.destroySoon = () => {
    isLast = true;
    socket.end();
  };
  request
    .unpipe()
    .removeAllListeners("data")
    .on("data", (piece: Buffer) => {
      silence.refresh();
      size += piece.length;
      if (size > bytesMax) cut();
    })
    .on("error", () => {})
    .once("close", () => {
      clearTimeout(deadline);
      clearTimeout(silence);
      Reflect.deleteProperty(socket, "destroySoon");
      if (isLast) socket.destroySoon();
    })
    .resume();
}
