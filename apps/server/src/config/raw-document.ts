/** A map of keys as a file holds them, before anything is known about them. */
export type RawDocument = Record<string, unknown>;

/** Tells a map of keys from any other value. */
export function isRawDocument(value: unknown): value is RawDocument {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
