import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { DomainError } from "@llm-backend/contract";

/** Seals secrets for the database. What is sealed for one place does not open at another. */
export type SealBox = {
  /** Seals a text. `place` names the row and the field, so that sealed values cannot be swapped. */
  seal(plain: string, place: string): string;
  /**
   * Opens what `seal` made for the same place.
   *
   * @throws DomainError `internal` when the text was sealed with another master key, for another place, or was changed.
   */
  open(sealed: string, place: string): string;
};

const version = "v1";

/** Creates a box over a master key of 32 bytes that is kept outside the database. AES-256-GCM, a fresh nonce each. */
export function createSealBox(masterKey: Uint8Array): SealBox {
  if (masterKey.length !== 32) throw new Error("The master key must have 32 bytes.");
  const key = Buffer.from(hkdfSync("sha256", masterKey, "", "llm-backend seal v1", 32));
  const aad = (place: string) => Buffer.from(`${version}|${place}`);
  return {
    seal(plain, place) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad(place));
      const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${version}.${nonce.toString("base64url")}.${body.toString("base64url")}`;
    },
    open(sealed, place) {
      try {
        const [name, nonce, body] = sealed.split(".");
        if (name !== version || nonce === undefined || body === undefined) throw new Error("unknown form");
        const bytes = Buffer.from(body, "base64url");
        const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64url"), {
          authTagLength: 16,
        })
          .setAAD(aad(place))
          .setAuthTag(bytes.subarray(-16));
        return decipher.update(bytes.subarray(0, -16), undefined, "utf8") + decipher.final("utf8");
      } catch (cause) {
        throw new DomainError("internal", "A sealed secret does not open; was the master key changed?", {
          cause,
        });
      }
    },
  };
}
