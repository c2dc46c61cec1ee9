import { connect } from "node:net";
import { silence, type Heard } from "./heard.ts";
import type { WireFace } from "./wire-face.ts";

/** What came of listening to one connection. */
export type Listened = {
  readonly heard: Heard;
  /** How many bytes the reader took. */
  readonly bytes: number;
  /** The reader went away by itself, at the byte it was told. */
  readonly isCut: boolean;
};

/** What is said, and how much is taken of what comes. */
export type Listening = {
  readonly url: string;
  readonly face: WireFace;
  readonly say: Buffer;
  /** The reader is gone behind this many bytes. */
  readonly cutAt?: number;
  /** Learns of the text that has arrived so far. */
  readonly onHeard?: (text: string) => void;
};

/**
 * Opens a connection, says its piece, and listens until the answer's end, the cut, or the end of the connection,
 * whichever comes first. Never rejects: a server that is not there is one that says nothing.
 */
export function listen({ url, face, say, cutAt = Infinity, onHeard }: Listening): Promise<Listened> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let heard: Heard = silence;
    let isOver = false;
    const socket = connect({ port: Number(port), host: hostname, noDelay: true });

    function finish(isCut: boolean): void {
      if (isOver) return;
      isOver = true;
      // A reset, as a reader leaves who is gone for good; it also leaves no port waiting behind.
      socket.resetAndDestroy();
      resolve({ heard, bytes, isCut });
    }
    socket.on("error", () => {});
    socket.on("close", () => finish(false));
    socket.on("end", () => finish(false));
    socket.on("data", (chunk) => {
      if (isOver) return;
      const taken = chunk.subarray(0, cutAt - bytes);
      chunks.push(taken);
      bytes += taken.length;
      heard = face.read(Buffer.concat(chunks));
      onHeard?.(heard.text);
      if (bytes >= cutAt) finish(true);
      else if (heard.end !== undefined) finish(false);
    });
    socket.write(say);
    if (cutAt === 0) finish(true);
  });
}
