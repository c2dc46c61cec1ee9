import { createHash } from "node:crypto";

/** The fingerprint of what a request asks for: tells a repeated request from another one under the same id. */
export function hashInput(kind: string, fields: readonly (string | number | null | undefined)[]): string {
  // `null` and "not given" mean different things for a parent.
  const marked = fields.map((field) => (field === undefined ? [] : [field]));
  return createHash("sha256")
    .update(JSON.stringify([kind, marked]))
    .digest("base64url");
}
