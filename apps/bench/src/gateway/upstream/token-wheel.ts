import type { Socket } from "node:net";
import type { Answer } from "./answers.ts";
import { readClock, writeToken } from "./paced-token.ts";

type Stream = { readonly socket: Socket; readonly first: number; sent: number };

/** Sends the tokens of all paced streams of one script. */
export type TokenWheel = {
  /**
   * The socket gets a token every interval, until it has all of them and the ending.
   *
   * @param first the number of its first token. @default 0
   */
  add(socket: Socket, first?: number): void;
};

/**
 * Creates a wheel with a slot for each millisecond of the interval. A stream keeps its slot, and the slots fill evenly,
 * so that tokens come one by one as from a busy model server, and not all at once.
 */
export function createTokenWheel(answer: Answer): TokenWheel {
  const { script, paced, ending } = answer;
  const slotCount = script.kind === "paced" ? script.intervalMs : 1;
  const slots = Array.from({ length: slotCount }, () => new Set<Stream>());
  let added = 0;
  let open = 0;
  let turned = 0;
  let timer: NodeJS.Timeout | undefined;

  function send(stream: Stream, slot: Set<Stream>): void {
    if (stream.socket.destroyed || stream.sent === script.tokens) {
      slot.delete(stream);
      open--;
      if (!stream.socket.destroyed) stream.socket.write(ending);
      return;
    }
    // A copy: the socket may keep what it cannot write at once.
    const bytes = Buffer.from(paced.bytes);
    writeToken(bytes, paced.placeAt, { number: stream.first + stream.sent++, sentAt: readClock() });
    stream.socket.write(bytes);
  }

  /** Turns the wheel to where it should be by now, however late the timer is. */
  function turn(startedAt: number): void {
    const due = Math.floor(performance.now() - startedAt);
    for (; turned < due; turned++) {
      const slot = slots[turned % slotCount] as Set<Stream>;
      for (const stream of slot) send(stream, slot);
    }
    if (open > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    add(socket, first = 0) {
      // Steps of the golden ratio fill a circle evenly, whenever one stops.
      const slot = Math.floor(((added++ * 0.618_033_988_75) % 1) * slotCount);
      slots[slot]?.add({ socket, first, sent: 0 });
      open++;
      if (timer !== undefined) return;
      const startedAt = performance.now();
      turned = 0;
      timer = setInterval(() => turn(startedAt), 1);
    },
  };
}
