import { z } from "zod";
import { integerIdSchema, keyIdSchema } from "./ids.ts";
import { nanosSchema } from "./key-schema.ts";
import { momentSchema } from "./moment.ts";
import { storableLine } from "./text.ts";

/** Who counted the tokens of an answer: its provider, this server by its text, or nobody. */
export const usageSourceSchema = z.enum(["provider", "counted", "none"]);
export type UsageSource = z.infer<typeof usageSourceSchema>;

/**
 * What a model costs: nano-dollars for a million tokens of each class, so that 2.50 USD are 2_500_000_000. A class
 * that is absent costs what the class costs that it is a part of.
 */
export const unitPricesSchema = z.strictObject({
  input: nanosSchema,
  /** Input that the provider had in its cache. @default input */
  cachedInput: nanosSchema.optional(),
  /** Input that the provider wrote into its cache. @default input */
  cacheWrite: nanosSchema.optional(),
  /** @default input */
  audioInput: nanosSchema.optional(),
  output: nanosSchema,
  /** @default output */
  reasoning: nanosSchema.optional(),
  /** @default output */
  audioOutput: nanosSchema.optional(),
  /** Nano-dollars for each request, whatever its tokens. @default 0 */
  request: nanosSchema.optional(),
});
export type UnitPrices = z.infer<typeof unitPricesSchema>;

const priceRef = {
  /** Model names; `*` stands for any run of characters. The longest pattern that fits counts. */
  model: storableLine(256),
  /** The name of the one upstream that it is for; absent: all of them. */
  upstream: storableLine(200).optional(),
};

/** One row of the operator's prices. */
export const priceSchema = z.strictObject({ ...priceRef, prices: unitPricesSchema });
export type Price = z.infer<typeof priceSchema>;

export const priceRefInput = z.strictObject(priceRef);
export type PriceRefInput = z.infer<typeof priceRefInput>;

/** A price, and who set it: the operator at run time, the configuration, or nobody, so that the list price counts. */
export const priceViewSchema = z.object({
  model: z.string(),
  upstream: z.string().optional(),
  prices: unitPricesSchema,
  source: z.enum(["operator", "configuration", "default"]),
});
export type PriceView = z.infer<typeof priceViewSchema>;

const period = {
  /** From this moment on. */
  from: momentSchema,
  /** Up to, and without, this moment. */
  to: momentSchema,
  keyId: keyIdSchema.optional(),
  model: storableLine(256).optional(),
  upstream: storableLine(200).optional(),
  /** Whose usage: `"me"`, or for administrators anybody's, or everybody's. */
  owner: z.union([z.enum(["me", "all"]), integerIdSchema]).default("me"),
};

const isInOrder = ({ from, to }: { from: Date; to: Date }) => from < to;

export const usageSummaryInput = z.strictObject(period).refine(isInOrder, "from must be before to");
export type UsageSummaryInput = z.infer<typeof usageSummaryInput>;

export const toolUsageInput = z
  .strictObject({ from: period.from, to: period.to, owner: period.owner })
  .refine(isInOrder, "from must be before to");
export type ToolUsageInput = z.infer<typeof toolUsageInput>;

/** The calls of one tool. */
export const toolUsageSchema = z.object({
  tool: z.string(),
  calls: z.number(),
  /** Those that came to nothing; that a user did not allow is no failure. */
  failed: z.number(),
  /** Those that were not made, because their user did not allow them. */
  declined: z.number(),
  /** How long all of them took together. */
  ms: z.number(),
});
export type ToolUsage = z.infer<typeof toolUsageSchema>;

/** What usage is summed up by. */
export const usageGroupSchema = z.enum(["day", "model", "key", "user", "upstream"]);
export type UsageGroup = z.infer<typeof usageGroupSchema>;

export const listUsageInput = z
  .strictObject({
    ...period,
    by: usageGroupSchema,
    /** The `nextCursor` of the page before. */
    cursor: z.string().max(256).optional(),
    limit: z.int().min(1).max(100).default(100),
  })
  .refine(isInOrder, "from must be before to");
export type ListUsageInput = z.infer<typeof listUsageInput>;

/** Sums over requests. Tokens that nobody reported count for nothing here. */
export const usageSumsSchema = z.object({
  requests: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  reasoningTokens: z.number(),
  cachedTokens: z.number(),
  /** Of the requests whose price was known. */
  costNanos: z.number(),
  /** How many requests have no known cost. */
  requestsUnpriced: z.number(),
});
export type UsageSums = z.infer<typeof usageSumsSchema>;

export const usageRowSchema = usageSumsSchema.extend({
  /**
   * What the row is about: a day as `2026-06-01`, a model, a key's or a user's id, an upstream's name; `null` for
   * requests that have none.
   */
  group: z.string().nullable(),
  /** The name of the key, where rows are about keys. */
  name: z.string().optional(),
});
export type UsageRow = z.infer<typeof usageRowSchema>;

export const usagePageSchema = z.object({ rows: z.array(usageRowSchema), nextCursor: z.string().nullable() });
export type UsagePage = z.infer<typeof usagePageSchema>;
