import { createHash } from "node:crypto";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const digits = 26;

/** Makes an upstream's id from its name: the same name has the same id after every start. */
export function toUpstreamId(name: string): string {
  const hash = createHash("sha256").update(name).digest();
  const letters = Array.from(hash.subarray(0, digits), (byte) => alphabet.charAt(byte % alphabet.length));
  return `ups_${letters.join("")}`;
}
