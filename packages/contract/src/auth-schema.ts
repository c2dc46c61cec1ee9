import { z } from "zod";
import { passwordBytesMax, storableLine, storableText } from "./text.ts";

/** The roles of a user. */
export const roleSchema = z.enum(["user", "admin"]);
export type Role = z.infer<typeof roleSchema>;

/** A name to log in with; compared after NFKC and lower-casing, so that look-alike spellings are one account. */
export const usernameSchema = storableLine(64)
  .refine((name) => name.trim() === name, "must not begin or end with a blank")
  // Invisible characters would make two accounts look like one.
  .refine(
    (name) => !/[\p{Cf}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]/u.test(name),
    "must not contain invisible characters",
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
