import { DomainError } from "@llm-backend/contract";
import { requireShallow, requireShallowText } from "@llm-backend/server";

/**
 * Reads the JSON body of a request, whatever its content type says: the earlier system did not look at it.
 *
 * @returns the fields of an object, and none for every other value: what is missing is then said by its name.
 * @throws DomainError `invalid_input` for what is no JSON, is nested too deeply, or is no valid UTF-8.
 */
export function readJsonBody(bytes: Buffer | undefined): Record<string, unknown> {
  if (bytes === undefined || bytes.length === 0) return {};
  const text = decode(bytes);
  requireShallowText(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DomainError("invalid_input", "The body is not valid JSON.", { cause });
  }
  requireShallow(value);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  // Own fields only, and none of the names that mean something to an object.
  return isObject ? Object.assign(Object.create(null) as Record<string, unknown>, value) : {};
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DomainError("invalid_input", "The body is not valid UTF-8.", { cause });
  }
}
