import superjson from "superjson";
import { requireShallow } from "./require-shallow.ts";

/**
 * superjson on the wire, without its cost where it changes nothing: an event of a run is plain strings and numbers,
 * and walking it for dates costs more than everything else that is done with it.
 */
export const wireTransformer = {
  serialize: (value: unknown) => (isPlainEvent(value) ? { json: value } : superjson.serialize(value)),
  deserialize(value: Parameters<typeof superjson.deserialize>[0] | undefined): unknown {
    // A WebSocket message without an input is asked for it all the same.
    if (value === undefined) return undefined;
    requireShallow(value);
    return superjson.deserialize(value);
  },
};

function isPlainEvent(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return value.type === "text-delta" || value.type === "reasoning-delta";
}
