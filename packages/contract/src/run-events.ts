import { z } from "zod";
import { citationsEventSchema } from "./citation-schema.ts";
import { errorCodes, type ErrorCode } from "./errors/error-codes.ts";
import { integerIdSchema, messageIdSchema, runIdSchema } from "./ids.ts";
import { toolEventSchemas } from "./tool-schema.ts";

/** Tokens of one answer. A number that nobody reported is absent, never zero. */
export const usageSchema = z.object({
  promptTokens: z.int().min(0).optional(),
  completionTokens: z.int().min(0).optional(),
  reasoningTokens: z.int().min(0).optional(),
  cachedTokens: z.int().min(0).optional(),
  cacheWriteTokens: z.int().min(0).optional(),
  audioInputTokens: z.int().min(0).optional(),
  audioOutputTokens: z.int().min(0).optional(),
});
export type Usage = z.infer<typeof usageSchema>;

/** The states of a run; all but `streaming` are final. */
export const runStateSchema = z.enum(["streaming", "done", "stopped", "interrupted", "failed"]);
export type RunState = z.infer<typeof runStateSchema>;

/** The name of one row of the error table. */
export const errorCodeSchema = z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]);

/**
 * Everything that a run tells its followers, in order. It begins with `run-start` and ends with exactly one of
 * `run-done`, `run-stop`, `run-interrupt`, `run-error`.
 */
export const runEventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("run-start"),
    runId: runIdSchema,
    conversationId: integerIdSchema,
    /** Absent where the answer is regenerated: then no message of the user's is new. */
    userMessageId: messageIdSchema.optional(),
    assistantMessageId: messageIdSchema,
    model: z.string(),
  }),
  /** The prompt did not fit the model's context: its oldest messages were left out. */
  z.object({
    type: z.literal("context-cut"),
    /** The oldest message that the model still reads. */
    firstMessageId: messageIdSchema,
    messagesKept: z.int(),
    /** The context that was cut to: prompt and answer together. */
    contextTokens: z.int(),
  }),
  citationsEventSchema,
  z.object({ type: z.literal("reasoning-delta"), text: z.string() }),
  z.object({ type: z.literal("text-delta"), text: z.string() }),
  ...toolEventSchemas,
  /**
   * The text that came so far is void: another upstream answers from the beginning. What was said before tools were
   * called is told again; calls stand.
   */
  z.object({ type: z.literal("answer-reset") }),
  z.object({
    type: z.literal("run-done"),
    finishReason: z.string(),
    /** The model that really answered. */
    model: z.string(),
    usage: usageSchema.optional(),
  }),
  z.object({ type: z.literal("run-stop") }),
  /** The server ended before the answer did; the text so far is stored. */
  z.object({ type: z.literal("run-interrupt") }),
  z.object({
    type: z.literal("run-error"),
    code: errorCodeSchema,
    message: z.string(),
    retryable: z.boolean(),
  }),
]);
export type RunEvent = z.infer<typeof runEventSchema>;

const terminalTypes = new Set<RunEvent["type"]>(["run-done", "run-stop", "run-interrupt", "run-error"]);

/** An event after which nothing comes. */
export type TerminalEvent = Extract<
  RunEvent,
  { type: "run-done" | "run-stop" | "run-interrupt" | "run-error" }
>;

/** Tells whether an event ends its run. */
export function isTerminalEvent(event: RunEvent): event is TerminalEvent {
  return terminalTypes.has(event.type);
}
