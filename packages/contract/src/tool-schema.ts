import { z } from "zod";
import { runIdSchema } from "./ids.ts";

/** A tool as models call it: the name of its server, two underscores, and its own name. */
export const toolNameSchema = z
  .string()
  .regex(/^[\w-]{1,64}$/, "expected 1 to 64 letters, digits, or any of _ -");

/** The id of one call, unique within its run. */
export const callIdSchema = z.string().regex(/^[\w-]{1,64}$/, "expected the id of a call");

const toolsMax = 128;

/** The tools that a conversation's model may call: these, all there are, or none (`null`). */
export const toolsSettingSchema = z
  .union([z.literal("all"), z.array(toolNameSchema).max(toolsMax)])
  .nullable();
export type ToolsSetting = z.infer<typeof toolsSettingSchema>;

/** Whether a tool is called without asking: `ask` its user each time, `always`, or `never`. */
export const toolPermissionSchema = z.enum(["ask", "always", "never"]);
export type ToolPermission = z.infer<typeof toolPermissionSchema>;

/** One tool that is there now. */
export const toolViewSchema = z.object({
  name: z.string(),
  /** The name of its server in the configuration. */
  server: z.string(),
  title: z.string().nullable(),
  description: z.string(),
  /** What its arguments look like: a JSON schema. */
  inputSchema: z.record(z.string(), z.unknown()),
  /** What holds for the caller: the configuration's word, or the caller's own where that one asks. */
  permission: toolPermissionSchema,
});
export type ToolView = z.infer<typeof toolViewSchema>;

export const setToolPermissionInput = z.strictObject({
  name: toolNameSchema,
  /** `ask` forgets what was decided before. */
  permission: toolPermissionSchema,
});
export type SetToolPermissionInput = z.infer<typeof setToolPermissionInput>;

export const rememberedToolSchema = z.object({ name: z.string(), permission: toolPermissionSchema });
export type RememberedTool = z.infer<typeof rememberedToolSchema>;

/**
 * What the user says to a call that waits: `once`, yes to this one; `always`, yes from now on; `decline`, no to this
 * one; `never`, no from now on.
 */
export const toolDecisionSchema = z.enum(["once", "always", "decline", "never"]);
export type ToolDecision = z.infer<typeof toolDecisionSchema>;

export const allowToolInput = z.strictObject({
  runId: runIdSchema,
  callId: callIdSchema,
  decision: toolDecisionSchema,
});
export type AllowToolInput = z.infer<typeof allowToolInput>;

/** Why a call has no result of its tool. */
export const toolFailureSchema = z.enum(["declined", "unknown", "invalid", "timeout", "failed"]);
export type ToolFailure = z.infer<typeof toolFailureSchema>;

/** What runs tell of the tools that their model calls. */
export const toolEventSchemas = [
  /** The model calls a tool. Not yet called: its arguments may be wrong, and its user may have to be asked. */
  z.object({
    type: z.literal("tool-call"),
    callId: callIdSchema,
    name: z.string(),
    /** JSON, as the model wrote it. */
    arguments: z.string(),
  }),
  /** The call waits for its user, for so long at most; `chat.allowTool` answers. */
  z.object({ type: z.literal("tool-permission"), callId: callIdSchema, name: z.string(), waitMs: z.int() }),
  /** What came of a call; the model reads the text. */
  z.object({
    type: z.literal("tool-result"),
    callId: callIdSchema,
    ok: z.boolean(),
    text: z.string(),
    /** How long the tool took; 0 for a call that was not made. */
    ms: z.int(),
    failure: toolFailureSchema.optional(),
  }),
] as const;

/** One call of a tool within an answer, as the history shows it. */
export const toolCallSchema = z.object({
  callId: z.string(),
  name: z.string(),
  arguments: z.string(),
  /** `open`: it waits for its user, or for its tool; or the answer ended before it did. */
  state: z.enum(["open", "done", "failed"]),
  failure: toolFailureSchema.nullable(),
  text: z.string().nullable(),
  ms: z.int().nullable(),
});
export type ToolCallView = z.infer<typeof toolCallSchema>;
