import { DomainError } from "@llm-backend/contract";
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
    requireAnnotations(value.meta?.values);
    return superjson.deserialize(value);
  },
};

function isPlainEvent(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return value.type === "text-delta" || value.type === "reasoning-delta";
}

/**
 * Refuses what does not have the form of superjson's annotations, a tree of `[type]` and `[type, children]`: it walks
 * whatever it is given, and a text in the place of children without end.
 *
 * @throws DomainError `invalid_input`
 */
function requireAnnotations(values: unknown): void {
  if (values === undefined || isTree(values) || areChildren(values)) return;
  throw new DomainError("invalid_input", "The input is not encoded as it must be.");
}

function isTree(value: unknown): boolean {
  return Array.isArray(value) && (value.length === 1 || (value.length === 2 && areChildren(value[1])));
}

function areChildren(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(isTree);
}
