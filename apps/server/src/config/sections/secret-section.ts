import { z } from "zod";
import { masterKeyExpectation, readMasterKey } from "../master-key.ts";
import { path, section } from "../scalar-schemas.ts";
import { findSecretWeakness, secretAdvice } from "../secret-strength.ts";

/** `jwt`: the secret that signs access tokens. */
export const jwtSchema = section({
  secret: z
    .string({ error: "expected text" })
    .superRefine((secret, context) => {
      const weakness = findSecretWeakness(secret);
      if (weakness !== undefined)
        context.addIssue({ code: "custom", message: `${weakness}; ${secretAdvice}` });
    })
    .optional()
    .meta({
      description:
        "Signs the access tokens (HS256). Set it to go on accepting the tokens of an earlier system, or to share it between processes. Without it the server makes one at its first start and keeps it in the data folder (jwt.secret).",
      example: "<replace this: openssl rand -base64 48>",
    }),
})
  .prefault({})
  .meta({ description: "Access tokens." });

/** `master_key`: seals the providers' keys in the database. */
export const masterKeySchema = z
  .string({ error: masterKeyExpectation })
  .transform((value, context) => {
    const read = readMasterKey(value);
    if (read.key !== undefined) return read.key;
    context.addIssue({ code: "custom", message: read.problem });
    return z.NEVER;
  })
  .optional()
  .meta({
    description:
      "The key that seals the providers' keys in the database: 32 bytes, as 64 hexadecimal digits or in base64. Without it the server makes one at its first start and keeps it in the data folder (master.key). Keep a copy apart from the database's backups: without it the stored keys are lost.",
    example: "<replace this: openssl rand -base64 32>",
  });

/** `master_key_file`: the same, from a file. */
export const masterKeyFileSchema = path("a file that holds the master key").optional().meta({
  description: "A file that holds the master key; an alternative to master_key.",
  example: "/run/secrets/master.key",
});
