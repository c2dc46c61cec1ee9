import { z } from "zod";
import { passwordBytesMax, storableLine, storableText } from "./text.ts";

/** The roles of a user. */
export const roleSchema = z.enum(["user", "admin"]);
export type Role = z.infer<typeof roleSchema>;

/**
 * More marks on one letter than any language writes, which cover the lines around them.
 *
 * @source https://www.unicode.org/reports/tr39/#Optional_Detection
 */
const piledMarks = /[\p{Mn}\p{Me}]{5,}/u;

/** Letters of Cyrillic, then of Greek, that nobody tells from Latin ones. */
const posing =
  /[\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\u0405\u0406\u0408\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420-\u0423\u0425\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03b9\u03ba\u03bd\u03bf\u03c1\u03c5]/u;

/** Among Latin letters they only pose as such; in a name of their own script they are what they are. */
function poses(name: string): boolean {
  const plain = name.normalize("NFKC");
  return /\p{Script=Latin}/u.test(plain) && posing.test(plain);
}

/** A name to log in with; compared after NFKC and lower-casing, so that look-alike spellings are one account. */
export const usernameSchema = storableLine(64)
  .refine((name) => name.trim() === name, "must not begin or end with a blank")
  // Invisible characters would make two accounts look like one.
  .refine(
    (name) => !/[\p{Cf}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]/u.test(name),
    "must not contain invisible characters",
  )
  .refine((name) => !piledMarks.test(name.normalize("NFC")), "must not pile marks on a letter")
  .refine(
    (name) => !poses(name),
    "must not mix Latin letters with those of other scripts that look like them",
  );

const passwordBytes = (password: string) => new TextEncoder().encode(password).length <= passwordBytesMax;

/** A password as given at login: any, within the size that is hashed at all. */
export const passwordSchema = storableText(passwordBytesMax, 1).refine(
  passwordBytes,
  `must be at most ${passwordBytesMax} bytes`,
);

/** A password as it may be set. */
export const newPasswordSchema = storableText(passwordBytesMax)
  .refine((password) => [...password].length >= 8, "must be at least 8 characters")
  .refine(passwordBytes, `must be at most ${passwordBytesMax} bytes`);

export const registerInput = z.strictObject({ username: usernameSchema, password: newPasswordSchema });
export type RegisterInput = z.infer<typeof registerInput>;

// A name that could never have been registered is a wrong name, not a bad request: the same answer as for any other.
export const loginInput = z.strictObject({ username: storableText(256, 1), password: passwordSchema });
export type LoginInput = z.infer<typeof loginInput>;

export const refreshInput = z.strictObject({ refreshToken: z.string().min(1).max(512) });
export type RefreshInput = z.infer<typeof refreshInput>;

export const changePasswordInput = z.strictObject({
  currentPassword: passwordSchema,
  newPassword: newPasswordSchema,
});
export type ChangePasswordInput = z.infer<typeof changePasswordInput>;

/** Deleting one's account takes the password once more: a token that was left somewhere must not be enough. */
export const deleteAccountInput = z.strictObject({ password: passwordSchema });
export type DeleteAccountInput = z.infer<typeof deleteAccountInput>;

export const createFirstAdminInput = z.strictObject({
  /** The token of the one-time link that the server prints while it has no admin. */
  setupToken: z.string().min(1).max(512),
  username: usernameSchema,
  password: newPasswordSchema,
});
export type CreateFirstAdminInput = z.infer<typeof createFirstAdminInput>;

/** What a user learns about the own account. */
export const accountSchema = z.object({
  userId: z.number(),
  username: z.string(),
  role: roleSchema,
  createdAt: z.date(),
});
export type Account = z.infer<typeof accountSchema>;

/** A login of the typed client: a short access token, and a refresh token that is replaced at each use. */
export const tokenPairSchema = z.object({
  accessToken: z.string(),
  accessTokenExpiresAt: z.date(),
  refreshToken: z.string(),
  refreshTokenExpiresAt: z.date(),
});
export type TokenPair = z.infer<typeof tokenPairSchema>;
