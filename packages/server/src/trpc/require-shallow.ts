import { DomainError } from "@llm-backend/contract";

const depthMax = 32;

/**
 * Refuses a value that is nested too deeply: `JSON.parse` takes any depth, but what walks the value afterwards ends
 * with an overflowing stack. Refuses a field named `__proto__` as well: it means nothing to us, and to whatever copies
 * the value it means another prototype.
 *
 * @throws DomainError `invalid_input`
 */
export function requireShallow(value: unknown): void {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) throw new DomainError("invalid_input", "The input is nested too deeply.");
    level = level.flatMap(toFields);
  }
}

function toFields(item: unknown): unknown[] {
  if (typeof item !== "object" || item === null) return [];
  if (Object.hasOwn(item, "__proto__")) {
    throw new DomainError("invalid_input", "The input has a field with a name that is not allowed.");
  }
  return Object.values(item);
}
