import { secretAdvice } from "./secret-strength.ts";

/** The length of the master key. */
export const masterKeyBytes = 32;

const advice = secretAdvice.replace("48", String(masterKeyBytes));

/** What a master key has to look like. */
export const masterKeyExpectation = `must be ${masterKeyBytes} bytes, as 64 hexadecimal digits or in base64; ${advice}`;

type ReadMasterKey =
  | { readonly key: Uint8Array<ArrayBuffer>; readonly problem?: never }
  | { readonly key?: never; readonly problem: string };

/** Reads a master key from its text, and refuses one that was not made at random. */
export function readMasterKey(value: string): ReadMasterKey {
  const bytes = readBytes(value.trim());
  if (bytes?.length !== masterKeyBytes) return { problem: masterKeyExpectation };
  // Thirty-two random bytes hold fewer than sixteen different ones once in 10^15 times.
  if (new Set(bytes).size < masterKeyBytes / 2) return { problem: `is too regular to be random; ${advice}` };
  return { key: new Uint8Array(bytes) };
}

function readBytes(value: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(value)) return Buffer.from(value, "hex");
  return /^[\w+/-]{43}=?$/.test(value) ? Buffer.from(value, "base64") : undefined;
}
