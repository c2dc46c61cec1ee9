import { DomainError } from "@llm-backend/contract";

const depthMax = 32;

/**
 * Refuses a value that is nested too deeply: `JSON.parse` takes any depth, but what walks the value afterwards ends
 * with an overflowing stack.
 *
 * @throws DomainError `invalid_input`
 */
export function requireShallow(value: unknown): void {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) throw new DomainError("invalid_input", "The input is nested too deeply.");
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
}
