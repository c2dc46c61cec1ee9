import type { WebSocket } from "ws";

/** How much of what was sent to a WebSocket has not left yet. */
export type SendWindow = {
  /** Resolves when the reader has taken enough that more may be made for it; at once where nothing waits. */
  readonly writable: () => Promise<void>;
};

/** Beyond this, whoever makes events for the reader waits. */
const waitBytes = 64 * 1024;
/** Beyond this, a reader that asks and does not read what it asked for is cut off. */
const cutBytes = 8 * 1024 * 1024;

/**
 * Watches what is sent to a socket: answers are written as they come, and nobody asks how much of it was read.
 * Replaces the socket's `send`.
 */
export function watchSends(socket: WebSocket): SendWindow {
  const send = socket.send.bind(socket) as (data: string, sent: () => void) => void;
  let bytes = 0;
  let waiting: (() => void)[] = [];
  const release = () => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  socket.send = (data: unknown) => {
    const text = data as string;
    bytes += text.length;
    if (bytes > cutBytes) {
      socket.terminate();
      return;
    }
    send(text, () => {
      bytes -= text.length;
      if (bytes <= waitBytes) release();
    });
  };
  socket.once("close", release);
  return {
    writable() {
      if (bytes <= waitBytes || socket.readyState !== socket.OPEN) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
