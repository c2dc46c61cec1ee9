import { hash, randomBytes } from "node:crypto";

/** How every secret of a key of ours begins. */
const mark = "sk-llmb-";
const shape = /^sk-llmb-[\w-]{43}$/;

/** A secret, and what of it is stored and shown. */
export type KeySecret = {
  /** To be shown once, and stored nowhere. */
  readonly secret: string;
  readonly hash: string;
  readonly prefix: string;
  readonly last4: string;
};

/** Makes a secret of 256 random bits. */
export function createKeySecret(): KeySecret {
  const secret = mark + randomBytes(32).toString("base64url");
  return {
    secret,
    hash: hashToken(secret),
    prefix: secret.slice(0, mark.length + 4),
    last4: secret.slice(-4),
  };
}

/**
 * The form in which tokens are stored and looked up. Looking a hash up tells by its timing nothing of a token: nobody
 * can choose the hash that is compared.
 */
export function hashToken(token: string): string {
  return hash("sha256", token, "hex");
}

/** Tells whether a token can be a key of ours; only such a one is worth a look into the database. */
export function isKeyShaped(token: string): boolean {
  return shape.test(token);
}
