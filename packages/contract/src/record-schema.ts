import { z } from "zod";
import { modelNameSchema } from "./conversation-schema.ts";
import { integerIdSchema, keyIdSchema, recordIdSchema } from "./ids.ts";
import { momentSchema } from "./moment.ts";
import { errorCodeSchema, usageSchema } from "./run-events.ts";
import { storableLine } from "./text.ts";
import { usageSourceSchema } from "./usage-schema.ts";

/** What kind of request a record tells of: the kinds of calls under /v1, or `run` for an answer of a conversation. */
export const recordKindSchema = z.enum(["chat", "completion", "response", "other", "run"]);
export type RecordKind = z.infer<typeof recordKindSchema>;

export const listRecordsInput = z.strictObject({
  /** The `nextCursor` of the page before. */
  cursor: recordIdSchema.optional(),
  limit: z.int().min(1).max(200).default(50),
  keyId: keyIdSchema.optional(),
  userId: integerIdSchema.optional(),
  /** The name of the upstream that answered. */
  upstream: storableLine(256).optional(),
  /** The model that was asked for. */
  model: modelNameSchema.optional(),
  /** The first digit of the status: 2 for all that were answered, 5 for what went wrong here or upstream. */
  statusClass: z.int().min(2).max(5).optional(),
  /** Only requests that got no whole answer, whatever their status says. */
  isFailed: z.literal(true).optional(),
  /** Only requests that came at this time or later, and before that one. */
  from: momentSchema.optional(),
  to: momentSchema.optional(),
});
export type ListRecordsInput = z.infer<typeof listRecordsInput>;

export const recordRefInput = z.strictObject({ recordId: recordIdSchema });
export type RecordRefInput = z.infer<typeof recordRefInput>;

export const tailRecordsInput = z.strictObject({
  /** Begins with so many of the latest records. */
  last: z.int().min(0).max(200).default(0),
  /** The id of the last event that was seen: continues right behind it. */
  lastEventId: z.string().max(64).nullish(),
});
export type TailRecordsInput = z.infer<typeof tailRecordsInput>;

/** One request, without its bodies. */
export const recordSchema = z.object({
  recordId: z.string(),
  at: z.date(),
  /** Null for answers of conversations: those are asked for on many faces. */
  clientIp: z.string().nullable(),
  /** The machine that served it. */
  host: z.string().nullable(),
  method: z.string().nullable(),
  /** What stands behind `/v1`, without the query. */
  path: z.string().nullable(),
  kind: recordKindSchema,
  model: z.string().nullable(),
  modelAnswered: z.string().nullable(),
  upstream: z.string().nullable(),
  upstreamId: z.string().nullable(),
  status: z.number(),
  userAgent: z.string().nullable(),
  isStreamed: z.boolean(),
  finishReason: z.string().nullable(),
  usage: usageSchema.pick({
    promptTokens: true,
    completionTokens: true,
    reasoningTokens: true,
    cachedTokens: true,
  }),
  usageSource: usageSourceSchema,
  /** In nano-dollars; null where no price is known. */
  costNanos: z.number().nullable(),
  firstByteMs: z.number().nullable(),
  elapsedMs: z.number(),
  /** Present for everything that is no whole answer. */
  errorCode: errorCodeSchema.nullable(),
  errorMessage: z.string().nullable(),
  keyId: z.string().nullable(),
  keyName: z.string().nullable(),
  userId: z.number().nullable(),
  /** Where the request was an answer of a conversation: its run and its message. */
  runId: z.string().nullable(),
  messageId: z.string().nullable(),
  attemptCount: z.number(),
  requestBytes: z.number().nullable(),
  /** Characters of text and reasoning. */
  answerChars: z.number().nullable(),
  /**
   * For calls of voice engines: what they sent beside OpenAI's fields, and what was done for the call here. Null for all
   * others.
   */
  voice: z.record(z.string(), z.unknown()).nullable(),
});
export type RecordView = z.infer<typeof recordSchema>;

export const recordPageSchema = z.object({
  /** Newest first. Where several conditions meet, a page may be short, or empty, although there is a next one. */
  records: z.array(recordSchema),
  nextCursor: z.string().nullable(),
});
export type RecordPageView = z.infer<typeof recordPageSchema>;

/** One attempt at one upstream. Times are milliseconds since its start. */
export const recordAttemptSchema = z.object({
  upstream: z.string(),
  upstreamId: z.string(),
  keyLast4: z.string().nullable(),
  model: z.string(),
  outcome: z.string(),
  status: z.number().nullable(),
  message: z.string().nullable(),
  connectMs: z.number().nullable(),
  firstByteMs: z.number().nullable(),
  firstTokenMs: z.number().nullable(),
  totalMs: z.number(),
});
export type RecordAttemptView = z.infer<typeof recordAttemptSchema>;

/** A record with all that is kept of it. */
export const recordDetailSchema = z.object({
  record: recordSchema,
  /** In the order in which they were made. */
  attempts: z.array(recordAttemptSchema),
  /** What was asked and answered, as far as it is kept: cut, or absent, by configuration. */
  request: z.string().nullable(),
  answer: z.string().nullable(),
});
export type RecordDetail = z.infer<typeof recordDetailSchema>;
