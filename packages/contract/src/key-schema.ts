import { z } from "zod";
import { integerIdSchema, keyIdSchema } from "./ids.ts";
import { momentSchema } from "./moment.ts";
import { storableLine } from "./text.ts";

/** What a key opens: the models under `/v1`, or the administration. */
export const keyScopeSchema = z.enum(["inference", "admin"]);
export type KeyScope = z.infer<typeof keyScopeSchema>;

/** After which time a budget begins anew, counted in UTC; weeks begin on Monday. */
export const budgetWindowSchema = z.enum(["day", "week", "month", "total"]);
export type BudgetWindow = z.infer<typeof budgetWindowSchema>;

/** An amount of money in nano-dollars (1 USD = 10⁹): integers, so that sums are exact. */
export const nanosSchema = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** How much a key may spend in a window. */
export const budgetSchema = z.strictObject({ nanos: nanosSchema, window: budgetWindowSchema });
export type Budget = z.infer<typeof budgetSchema>;

const name = storableLine(200);
const scopes = z
  .array(keyScopeSchema)
  .min(1)
  .max(2)
  .refine((list) => new Set(list).size === list.length, "must not name a scope twice");
/** Model names; `*` stands for any run of characters. None: every model. */
const models = z.array(storableLine(256)).max(200);
const rate = z.int().min(1).max(1_000_000_000).nullable();

export const createKeyInput = z.strictObject({
  name,
  /** Only administrators make keys for the administration. */
  scopes: scopes.default(["inference"]),
  models: models.default([]),
  expiresAt: momentSchema.nullable().default(null),
  /** `null`: no limit. */
  requestsPerMinute: rate.default(null),
  tokensPerMinute: rate.default(null),
  concurrentMax: rate.default(null),
  budget: budgetSchema.nullable().default(null),
  /** Whose key it is; `null` for nobody's. Only administrators name anybody but themselves. @default the caller */
  userId: integerIdSchema.nullable().optional(),
});
/** What a caller writes: whatever has a default may be left out. */
export type CreateKeyInput = z.input<typeof createKeyInput>;

export const updateKeyInput = z.strictObject({
  keyId: keyIdSchema,
  name: name.optional(),
  scopes: scopes.optional(),
  models: models.optional(),
  expiresAt: momentSchema.nullable().optional(),
  requestsPerMinute: rate.optional(),
  tokensPerMinute: rate.optional(),
  concurrentMax: rate.optional(),
  budget: budgetSchema.nullable().optional(),
});
export type UpdateKeyInput = z.infer<typeof updateKeyInput>;

export const keyRefInput = z.strictObject({ keyId: keyIdSchema });
export type KeyRefInput = z.infer<typeof keyRefInput>;

export const rotateKeyInput = z.strictObject({
  keyId: keyIdSchema,
  /** How long the secret before goes on working. */
  graceSeconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(86_400),
});
export type RotateKeyInput = z.infer<typeof rotateKeyInput>;

export const listKeysInput = z.strictObject({
  /** Whose keys; anybody's but the own are listed for administrators only. */
  owner: z.union([z.enum(["me", "all"]), integerIdSchema]).default("me"),
  /** The `nextCursor` of the page before. */
  cursor: keyIdSchema.optional(),
  limit: z.int().min(1).max(100).default(50),
});
export type ListKeysInput = z.infer<typeof listKeysInput>;

/** A key as it is shown: never its secret. */
export const keySchema = z.object({
  keyId: z.string(),
  name: z.string(),
  userId: z.number().nullable(),
  /** How the secret begins and ends. */
  prefix: z.string(),
  last4: z.string(),
  scopes: z.array(keyScopeSchema),
  models: z.array(z.string()),
  requestsPerMinute: z.number().nullable(),
  tokensPerMinute: z.number().nullable(),
  concurrentMax: z.number().nullable(),
  budget: z.object({ nanos: z.number(), window: budgetWindowSchema }).nullable(),
  /** Its limits were set by an administrator; its owner cannot change them. */
  isManaged: z.boolean(),
  expiresAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
  lastUsedAt: z.date().nullable(),
  /** Until when the secret before the newest one works. */
  graceUntil: z.date().nullable(),
  createdAt: z.date(),
});
export type KeyView = z.infer<typeof keySchema>;

/** A key with what it has spent of its budget. */
export const keyDetailSchema = keySchema.extend({
  spending: z
    .object({
      spentNanos: z.number(),
      /** Held for requests under way. */
      reservedNanos: z.number(),
      /** When the budget begins anew; `null` for one that never does. */
      renewsAt: z.date().nullable(),
    })
    .nullable(),
});
export type KeyDetail = z.infer<typeof keyDetailSchema>;

export const keyPageSchema = z.object({ keys: z.array(keySchema), nextCursor: z.string().nullable() });
export type KeyPage = z.infer<typeof keyPageSchema>;

/** A key with its secret, which is shown this once and never again. */
export const issuedKeySchema = z.object({ key: keySchema, secret: z.string() });
export type IssuedKey = z.infer<typeof issuedKeySchema>;
