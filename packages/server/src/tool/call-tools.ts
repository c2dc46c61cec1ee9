import { setMaxListeners } from "node:events";
import type { ToolFailure, WireMessage } from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import type { LiveRun } from "../chat/live-run.ts";
import { createPlaces, type Places } from "./call-places.ts";
import type { CheckedCall } from "./checked-call.ts";
import { toEffectivePermission } from "./effective-permission.ts";
import type { ToolAsks } from "./tool-asks.ts";
import type { ToolBox, ToolInfo, ToolSettings } from "./tool-box.ts";
import { untilAborted } from "./until-aborted.ts";

/** What calling tools stands on. */
export type CallToolsDeps = {
  readonly box: ToolBox;
  readonly asks: ToolAsks;
  readonly storage: Storage;
  readonly settings: ToolSettings;
  readonly now: () => number;
  /** Learns of failures that are neither the model's nor the tool's business. */
  readonly onInternalError: (error: unknown) => void;
};

/** What came of a call. */
type Outcome = {
  readonly ok: boolean;
  readonly text: string;
  readonly ms: number;
  readonly failure?: ToolFailure;
};

type AllowedCall = Extract<CheckedCall, { tool: ToolInfo }>;

/**
 * Makes the calls of one round: all are told, the user is asked where that is wanted, and those that are allowed run,
 * some at a time. Whatever comes of a call is told, written into the ledger, and handed to the model; only an abort
 * rejects.
 */
export async function callTools(
  deps: CallToolsDeps,
  live: LiveRun,
  calls: readonly CheckedCall[],
): Promise<WireMessage[]> {
  for (const { callId, name, arguments: text } of calls) {
    live.append({ type: "tool-call", callId, name, arguments: text });
  }
  // Each call listens for the end of the run.
  setMaxListeners(0, live.signal);
  const places = createPlaces(deps.settings.parallelMax);
  const endings = await Promise.allSettled(calls.map((call) => finishCall(deps, live, { call, places })));
  const failed = endings.find((ending) => ending.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return endings.flatMap((ending) => (ending.status === "fulfilled" ? [ending.value] : []));
}

async function finishCall(
  deps: CallToolsDeps,
  live: LiveRun,
  { call, places }: { call: CheckedCall; places: Places },
): Promise<WireMessage> {
  const { callId, name } = call;
  const { ok, ms, ...outcome } = await carryOut(deps, live, { call, places });
  live.signal.throwIfAborted();
  const { failure } = outcome;
  const text = cut(outcome.text, deps.settings.resultCharsMax);
  live.append({ type: "tool-result", callId, ok, text, ms, ...(failure === undefined ? {} : { failure }) });
  await enter(deps, live, { callId, tool: name, ms, ok, failure: failure ?? null });
  return { role: "tool", tool_call_id: callId, content: text };
}

async function carryOut(
  deps: CallToolsDeps,
  live: LiveRun,
  { call, places }: { call: CheckedCall; places: Places },
): Promise<Outcome> {
  if (call.tool === undefined) return { ok: false, text: call.reason, ms: 0, failure: call.failure };
  const refusal = await findRefusal(deps, live, call);
  if (refusal !== undefined) return { ok: false, text: refusal, ms: 0, failure: "declined" };
  const leave = await places.enter(live.signal);
  const startedAt = deps.now();
  try {
    const made = deps.box.call(call.name, call.input, { signal: live.signal });
    const { ok, text, failure } = await untilAborted(made, live.signal);
    const ms = Math.max(0, Math.round(deps.now() - startedAt));
    return { ok, text, ms, ...(failure === undefined ? {} : { failure }) };
  } catch (error) {
    live.signal.throwIfAborted();
    deps.onInternalError(error);
    return { ok: false, text: "The tool failed.", ms: 0, failure: "failed" };
  } finally {
    leave();
  }
}

/** Why a call is not made, in words for the model; undefined where it may be. */
async function findRefusal(
  { asks, storage, settings }: CallToolsDeps,
  live: LiveRun,
  { callId, name, tool }: AllowedCall,
): Promise<string | undefined> {
  const { userId, id: runId } = live.run;
  const permission = toEffectivePermission(tool, await storage.tools.listGrants(userId));
  if (permission === "always") return undefined;
  if (permission === "never") return "The user does not allow this tool.";
  live.signal.throwIfAborted();
  const waitMs = settings.permissionMs;
  live.append({ type: "tool-permission", callId, name, waitMs });
  const answer = await asks.wait({ runId, callId, userId, tool: name }, { waitMs, signal: live.signal });
  switch (answer) {
    case "once":
    case "always":
      return undefined;
    case "decline":
    case "never":
      return "The user declined this call.";
    case "expired":
      return "The user was asked and did not answer in time; the tool was not called.";
  }
}

function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text.toWellFormed();
  return `${text.slice(0, charsMax).toWellFormed()}\n[Cut here: ${text.length} characters in all.]`;
}

async function enter(
  deps: CallToolsDeps,
  { run }: LiveRun,
  line: {
    readonly callId: string;
    readonly tool: string;
    readonly ms: number;
    readonly ok: boolean;
    readonly failure: ToolFailure | null;
  },
): Promise<void> {
  const entry = { ...line, runId: run.id, userId: run.userId, at: deps.now() };
  try {
    await deps.storage.relaxedTransaction((tx) => tx.tools.insertCall(entry));
  } catch (error) {
    // The answer matters more than its line in the book.
    deps.onInternalError(error);
  }
}
