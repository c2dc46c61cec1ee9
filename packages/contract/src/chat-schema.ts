import { z } from "zod";
import { attachmentIdsSchema } from "./attachment-schema.ts";
import { knowledgeBaseIdsSchema, topKSchema } from "./citation-schema.ts";
import { modelNameSchema } from "./conversation-schema.ts";
import { integerIdSchema, messageIdSchema, requestIdSchema, runIdSchema } from "./ids.ts";
import { runStateSchema } from "./run-events.ts";
import { messageCharsMax, storableText } from "./text.ts";

/** Empty where files say it all. */
const message = storableText(messageCharsMax);
const saysNothing = { error: "is empty, and there are no files", path: ["message"] };
/** The id of the last event that a follower saw; it continues right behind it. */
const lastEventId = z.string().max(64).nullish();

/** The longest time that a run waits for a follower. */
export const graceMsMax = 600_000;

/**
 * What becomes of an answer that nobody follows any more. `continue`: it is written to its end. `cancel`: it is stopped
 * when the last follower leaves, and its text is kept. `graceMs`: it is stopped when nobody has followed it for so long,
 * counted from its start; 0 is the same as `cancel`.
 */
export const onDisconnectSchema = z.union([
  z.enum(["continue", "cancel"]),
  z.strictObject({ graceMs: z.int().min(0).max(graceMsMax) }),
]);
export type OnDisconnect = z.infer<typeof onDisconnectSchema>;

/** The start that came first under a request id decides. @default "continue" */
const onDisconnect = onDisconnectSchema.optional();

const lookUpFields = {
  /** The knowledge bases that the question is looked up in. @default those of the conversation */
  knowledgeBaseIds: knowledgeBaseIdsSchema.optional(),
  /** How many passages the answer is given. @default that of the conversation */
  topK: topKSchema.optional(),
};

const send = z.strictObject({
  conversationId: integerIdSchema,
  /** Made by the client, once for each thing the user sends: the same key again joins the run it started. */
  requestId: requestIdSchema,
  message,
  /** The message to answer to; without it, the conversation's newest. `null` starts a new first message. */
  parentId: messageIdSchema.nullable().optional(),
  /** The files that belong to the message, in their order. */
  attachmentIds: attachmentIdsSchema.optional(),
  ...lookUpFields,
  onDisconnect,
});
const saysSomething = (input: z.infer<typeof send>): boolean =>
  input.message !== "" || (input.attachmentIds ?? []).length > 0;

export const sendInput = send.refine(saysSomething, saysNothing);
export type SendInput = z.infer<typeof sendInput>;

export const streamInput = send.extend({ lastEventId }).refine(saysSomething, saysNothing);
export type StreamInput = z.infer<typeof streamInput>;

export const followInput = z.strictObject({ runId: runIdSchema, lastEventId });
export type FollowInput = z.infer<typeof followInput>;

export const runRefInput = z.strictObject({ runId: runIdSchema });
export type RunRefInput = z.infer<typeof runRefInput>;

export const regenerateInput = z.strictObject({
  conversationId: integerIdSchema,
  requestId: requestIdSchema,
  /** The answer that gets a sibling. */
  messageId: messageIdSchema,
  /** Answers with another model than the conversation's. */
  model: modelNameSchema.optional(),
  ...lookUpFields,
  onDisconnect,
});
export type RegenerateInput = z.infer<typeof regenerateInput>;

const edit = z.strictObject({
  conversationId: integerIdSchema,
  requestId: requestIdSchema,
  /** The message of the user's that gets a sibling. */
  messageId: messageIdSchema,
  message,
  /** The files of the new version; without them, those of the message that it stands beside. */
  attachmentIds: attachmentIdsSchema.optional(),
  ...lookUpFields,
  onDisconnect,
});
// Whether the message that it stands beside has files is found out later.
const mayHaveFiles = ({ message: text, attachmentIds }: z.infer<typeof edit>): boolean =>
  text !== "" || attachmentIds?.length !== 0;

export const editInput = edit.refine(mayHaveFiles, saysNothing);
export type EditInput = z.infer<typeof editInput>;

export const continueInput = z.strictObject({
  conversationId: integerIdSchema,
  requestId: requestIdSchema,
  /** An answer that broke off: its text is the beginning of the new one, which becomes its sibling. */
  messageId: messageIdSchema,
  /** Goes on with another model than the conversation's. */
  model: modelNameSchema.optional(),
  ...lookUpFields,
  onDisconnect,
});
export type ContinueInput = z.infer<typeof continueInput>;

/** What was started, or joined. */
export const startedRunSchema = z.object({
  runId: runIdSchema,
  conversationId: z.number(),
  userMessageId: z.string().nullable(),
  assistantMessageId: z.string(),
  state: runStateSchema,
});
export type StartedRun = z.infer<typeof startedRunSchema>;

export const stoppedRunSchema = z.object({ runId: runIdSchema, state: runStateSchema });
export type StoppedRun = z.infer<typeof stoppedRunSchema>;

export const modelViewSchema = z.object({
  model: z.string(),
  /** The names of the upstreams that serve it, in the order in which they are asked. */
  upstreams: z.array(z.string()),
});
export type ModelView = z.infer<typeof modelViewSchema>;
