import type { AllowToolInput, SetToolPermissionInput } from "@llm-backend/contract";
import { z } from "zod";
import type { JsonRoute } from "./route.ts";

const noToken = "No valid token";
const invalid = "The input is not valid";
const group = "Tools";
const permission = z.enum(["ask", "always", "never"]);
const name = z.string().meta({ description: "As /api/tools lists it" });

const listRoute: JsonRoute = {
  kind: "json",
  method: "GET",
  path: "/api/tools",
  access: "user",
  group,
  summary: "The tools that conversations can use, and what holds for the caller",
  status: 200,
  answer: z.array(
    z.object({
      name: z.string(),
      server: z.string(),
      title: z.string().nullable(),
      description: z.string(),
      input_schema: z.record(z.string(), z.unknown()),
      permission,
    }),
  ),
  errors: { 401: noToken },
  async call(caller) {
    const tools = await caller.tool.list();
    return tools.map(({ inputSchema, ...tool }) => ({ ...tool, input_schema: inputSchema }));
  },
};

const permissionRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/tools/permission",
  access: "user",
  group,
  summary: "Decides about a tool from now on; ask forgets what was decided",
  body: z.object({ name, permission }),
  status: 200,
  answer: z.object({ name: z.string(), permission }),
  errors: { 400: invalid, 401: noToken },
  call: (caller, { body }) => caller.tool.setPermission(body as SetToolPermissionInput),
};

const allowRoute: JsonRoute = {
  kind: "json",
  method: "POST",
  path: "/api/tools/allow",
  access: "user",
  group,
  summary: "Says to a call that waits whether it may be made",
  body: z.object({
    run_id: z.string().meta({ description: "What stands before the colon in the ids of frames" }),
    call_id: z.string().meta({ description: "Out of the frame tool_permission" }),
    decision: z.enum(["once", "always", "decline", "never"]),
  }),
  status: 200,
  answer: z.object({ run_id: z.string(), state: z.string() }),
  errors: {
    400: invalid,
    401: noToken,
    404: "There is no such answer of yours",
    409: "The call does not wait, or was told something else",
  },
  async call(caller, { body }) {
    const { run_id: runId, call_id: callId, decision } = body;
    const run = await caller.chat.allowTool({ runId, callId, decision } as AllowToolInput);
    return { run_id: run.runId, state: run.state };
  },
};

/** Tools, and who allows them. */
export const toolRoutes: readonly JsonRoute[] = [listRoute, permissionRoute, allowRoute];
