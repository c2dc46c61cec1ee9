import { connect, type Socket } from "node:net";
import { createAnswerReader, type AnswerListener } from "./answer-reader.ts";

/** Who uses a connection. */
export type ConnectionUser = AnswerListener & {
  /** The connection is gone, or an answer could not be read. */
  onClose(reason: string): void;
};

// One for all: what a read brought is looked at before the next one happens.
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/** Opens a raw connection to a port of this machine. */
export function openConnection(port: number, user: ConnectionUser): Socket {
  const read = createAnswerReader(user);
  const socket = connect({
    port,
    host: "127.0.0.1",
    noDelay: true,
    onread: {
      buffer: readBuffer,
      callback(length) {
        try {
          read(readBuffer, length);
        } catch (error) {
          socket.destroy(error as Error);
        }
        return true;
      },
    },
  });
  let reason = "The connection was closed.";
  socket.on("error", (error) => {
    reason = error.message;
  });
  socket.on("close", () => user.onClose(reason));
  return socket;
}
