import { requireShallowText } from "@llm-backend/server";
import type { WebSocket } from "ws";

/** Stands for a message that is not read: no JSON, so that it is answered as one that is none. */
const unread = Buffer.from("{");

/** Keeps messages that are nested far too deeply from tRPC, which parses whatever comes. Replaces the socket's `emit`. */
export function passShallowMessages(socket: WebSocket): void {
  const emit = socket.emit.bind(socket) as (name: string | symbol, ...given: unknown[]) => boolean;
  socket.emit = (name: string | symbol, ...given: unknown[]) => {
    const [data, isBinary] = given;
    if (name !== "message" || isBinary === true || isShallow(String(data))) return emit(name, ...given);
    return emit(name, unread, false);
  };
}

function isShallow(text: string): boolean {
  try {
    requireShallowText(text);
    return true;
  } catch {
    return false;
  }
}
