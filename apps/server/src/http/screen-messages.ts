import { requireShallowText } from "@llm-backend/server";
import type { WebSocket } from "ws";

/** Stands for a message that is not read: no JSON, so that it is answered as one that is none. */
const unread = "{";

/**
 * Shows every text that comes over a socket to `take` before tRPC sees it; what that returns is what tRPC gets, and
 * undefined is nothing. Messages that are nested far too deeply reach neither: both parse whatever comes. Replaces the
 * socket's `emit`.
 */
export function screenMessages(socket: WebSocket, take: (text: string) => string | undefined): void {
  const emit = socket.emit.bind(socket) as (name: string | symbol, ...given: unknown[]) => boolean;
  socket.emit = (name: string | symbol, ...given: unknown[]) => {
    const [data, isBinary] = given;
    if (name !== "message" || isBinary === true) return emit(name, ...given);
    const text = String(data);
    const rest = isShallow(text) ? take(text) : unread;
    if (rest === text) return emit(name, ...given);
    return rest === undefined || emit(name, Buffer.from(rest), false);
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
