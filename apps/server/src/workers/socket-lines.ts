import type { Socket } from "node:net";

/** Reads JSON values from a socket, one a line; reading no further holds up whoever sends. */
export async function* readValues(socket: Socket): AsyncGenerator<unknown, void> {
  socket.setEncoding("utf8");
  const pieces: string[] = [];
  for await (const chunk of socket as AsyncIterable<string>) {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      pieces.push(chunk.slice(from, end));
      from = end + 1;
      yield JSON.parse(pieces.splice(0).join(""));
    }
    if (from < chunk.length) pieces.push(chunk.slice(from));
  }
}

/**
 * Reads one JSON value, and nothing of what comes after it; undefined where none comes. The end of the other side is
 * noticed from then on too.
 */
export function readFirstValue(socket: Socket): Promise<unknown> {
  socket.setEncoding("utf8");
  const pieces: string[] = [];
  let isRead = false;
  return new Promise((resolve, reject) => {
    socket.on("close", () => resolve(undefined));
    socket.on("data", (chunk: string) => {
      if (isRead) return;
      const end = chunk.indexOf("\n");
      pieces.push(end === -1 ? chunk : chunk.slice(0, end));
      if (end === -1) return;
      isRead = true;
      try {
        resolve(JSON.parse(pieces.join("")));
      } catch (error) {
        reject(new Error("What was sent is no JSON.", { cause: error }));
      }
    });
  });
}

/** Writes a value; resolves when the socket takes more, and at once when it is closed. */
export async function writeValue(socket: Socket, value: unknown): Promise<void> {
  if (socket.destroyed || socket.write(`${JSON.stringify(value)}\n`)) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      socket.off("drain", go);
      socket.off("close", go);
      resolve();
    };
    socket.on("drain", go);
    socket.on("close", go);
  });
}
