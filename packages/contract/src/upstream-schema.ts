import { z } from "zod";
import { storableLine } from "./text.ts";

const dayMs = 86_400_000;
const patternsMax = 2000;
const keysMax = 100;
const tokensMax = 1000;

const nameSchema = storableLine(100);
const patternSchema = storableLine(256);
const endpointSchema = z.string().trim().min(1).max(2048);
const durationMs = z.int().min(1).max(dayMs);
const secretSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,4096}$/, "expected 1 to 4,096 visible ASCII characters");
/** A stored secret, named by what is shown of it: it stays as it is. */
const keptSecretSchema = z.string().regex(/^…[\x21-\x7e]{0,4}$/, "expected a key, or one as it was shown");
const named = <TValue extends z.ZodType>(value: TValue) =>
  z.record(patternSchema, value).refine((record) => Object.keys(record).length <= patternsMax, {
    error: `expected at most ${patternsMax} names`,
  });

/** An upstream's own clocks, in milliseconds: only what differs from the clocks of all. */
export const upstreamClocksSchema = z.strictObject({
  connectMs: durationMs.optional(),
  firstByteMs: durationMs.optional(),
  wholeAnswerMs: durationMs.optional(),
  firstTokenMs: durationMs.optional(),
  idleMs: durationMs.optional(),
});
export type UpstreamClocks = z.infer<typeof upstreamClocksSchema>;

/** What becomes of an answer that breaks off after some of it has been passed on. */
export const midstreamSchema = z.enum(["off", "exact", "continue"]);

/** How an upstream is told to go on with an answer that another one has begun. */
export const prefillSchema = z.enum(["plain", "prefix", "partial", "final_message"]);

const flag = z.boolean().optional();

/** What may be said of an upstream beside its place, its keys and its models. Absent: the default. */
export const upstreamOptionsSchema = z.strictObject({
  /** The caller's own `Authorization` is passed on in place of a key. */
  passAuthorization: flag,
  deny: z.array(patternSchema).max(patternsMax).optional(),
  /** A pattern of its model names → what differs. */
  modelClocks: named(upstreamClocksSchema).optional(),
  weight: z.number().min(0).max(1_000_000).optional(),
  tier: z.int().min(0).max(1000).optional(),
  /** Null: no bound. */
  concurrencyMax: z.int().min(1).max(1_000_000).nullable().optional(),
  queueMax: z.int().min(0).max(1_000_000).optional(),
  midstream: midstreamSchema.optional(),
  /** Null: as its host is known to take it. */
  prefill: prefillSchema.nullable().optional(),
  keepHeaders: flag,
  discover: flag,
});
export type UpstreamOptions = z.infer<typeof upstreamOptionsSchema>;

const settings = upstreamOptionsSchema.extend({
  /** Without one: the endpoint's host. */
  name: nameSchema.optional(),
  models: z.array(patternSchema).max(patternsMax).optional(),
  aliases: named(patternSchema).optional(),
  clocks: upstreamClocksSchema.optional(),
  /** Callers' tokens that open this upstream; none: every caller may use it. */
  tokens: z.array(secretSchema).max(tokensMax).optional(),
  /** Callers without any token may use it. */
  isOpen: flag,
  isEnabled: flag,
});

export const addUpstreamInput = settings.extend({
  endpoint: endpointSchema,
  keys: z.array(secretSchema).max(keysMax).optional(),
});
export type AddUpstreamInput = z.infer<typeof addUpstreamInput>;

/** What is absent stays; a key or token that is written as it was shown (`…abcd`) stays too. */
export const updateUpstreamInput = settings.extend({
  id: z.int().min(1),
  endpoint: endpointSchema.optional(),
  keys: z
    .array(z.union([secretSchema, keptSecretSchema]))
    .max(keysMax)
    .optional(),
  tokens: z
    .array(z.union([secretSchema, keptSecretSchema]))
    .max(tokensMax)
    .optional(),
});
export type UpdateUpstreamInput = z.infer<typeof updateUpstreamInput>;

export const upstreamRefInput = z.strictObject({ id: z.int().min(1) });
export type UpstreamRefInput = z.infer<typeof upstreamRefInput>;

export const testUpstreamInput = upstreamRefInput.extend({ model: patternSchema.optional() });
export type TestUpstreamInput = z.infer<typeof testUpstreamInput>;

/** A client that comes back says which event it saw last; it begins anew all the same, with how everybody is. */
export const followHealthInput = z.strictObject({ lastEventId: z.string().max(64).nullish() });
export type FollowHealthInput = z.infer<typeof followHealthInput>;

/** Where an upstream comes from. */
export const upstreamSourceSchema = z.enum(["config", "environment", "local", "demo", "cli", "api"]);
export type UpstreamSource = z.infer<typeof upstreamSourceSchema>;

const tally = {
  successes: z.number(),
  failures: z.number(),
  lastSuccessAt: z.date().nullable(),
  lastFailureAt: z.date().nullable(),
};

const clocksView = z.object({
  connectMs: z.number().optional(),
  firstByteMs: z.number().optional(),
  wholeAnswerMs: z.number().optional(),
  firstTokenMs: z.number().optional(),
  idleMs: z.number().optional(),
});

/** An upstream as administrators see it, with every default filled in. */
export const upstreamViewSchema = z.object({
  /** Its number: what the calls name it by. */
  id: z.number(),
  /** What records and health name it by. */
  upstreamId: z.string(),
  name: z.string(),
  source: upstreamSourceSchema,
  endpoint: z.string(),
  /** Masked: their last four characters. */
  keys: z.array(z.string()),
  passAuthorization: z.boolean(),
  models: z.array(z.string()),
  deny: z.array(z.string()),
  aliases: z.record(z.string(), z.string()),
  clocks: clocksView,
  modelClocks: z.record(z.string(), clocksView),
  weight: z.number(),
  tier: z.number(),
  /** Null: no bound. */
  concurrencyMax: z.number().nullable(),
  queueMax: z.number(),
  midstream: midstreamSchema,
  /** Null: as its host is known to take it. */
  prefill: prefillSchema.nullable(),
  keepHeaders: z.boolean(),
  discover: z.boolean(),
  /** Masked, like keys. */
  tokens: z.array(z.string()),
  isOpen: z.boolean(),
  isEnabled: z.boolean(),
  ...tally,
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type UpstreamView = z.infer<typeof upstreamViewSchema>;

const breakerSchema = z.enum(["closed", "open", "half_open"]);
const keyStateSchema = z.enum(["ok", "cooling", "quota", "rejected", "open"]);

/** How one upstream is just now. */
export const upstreamHealthSchema = z.object({
  upstreamId: z.string(),
  name: z.string(),
  breaker: breakerSchema,
  openUntil: z.date().nullable(),
  keys: z.array(
    z.object({ last4: z.string().nullable(), state: keyStateSchema, until: z.date().nullable() }),
  ),
  inFlight: z.number(),
  waiting: z.number(),
  firstTokenMs: z.number().nullable(),
  lastFailure: z.string().nullable(),
  ...tally,
});
export type UpstreamHealthView = z.infer<typeof upstreamHealthSchema>;

/** What a follower of the pool's health is told: how everybody is, and at once when somebody leaves or comes back. */
export const healthEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("snapshot"), at: z.date(), upstreams: z.array(upstreamHealthSchema) }),
  z.object({
    type: z.literal("change"),
    at: z.date(),
    upstreamId: z.string(),
    name: z.string(),
    /** Null when the whole upstream is meant. */
    keyLast4: z.string().nullable(),
    from: z.union([breakerSchema, keyStateSchema]),
    to: z.union([breakerSchema, keyStateSchema]),
    reason: z.string(),
  }),
]);
export type HealthEvent = z.infer<typeof healthEventSchema>;

/** What an upstream answered when it was looked at. */
export const probeReportSchema = z.object({
  upstream: z.string(),
  isReachable: z.boolean(),
  isKeyAccepted: z.boolean().optional(),
  models: z.array(z.string()).readonly().optional(),
  model: z.string().optional(),
  isStreaming: z.boolean().optional(),
  firstTokenMs: z.number().optional(),
  problem: z.string().optional(),
});
