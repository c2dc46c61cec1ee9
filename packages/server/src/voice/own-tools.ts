import { setMaxListeners } from "node:events";
import type { ToolFailure, WireMessage, WireTool } from "@llm-backend/contract";
import { matchesPattern, type ToolCall } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import type { Access } from "../key/access.ts";
import { createPlaces, type Places } from "../tool/call-places.ts";
import { checkCall, toWireCall, type CheckedCall } from "../tool/checked-call.ts";
import { toEffectivePermission } from "../tool/effective-permission.ts";
import type { ToolBox, ToolInfo, ToolResult, ToolSettings } from "../tool/tool-box.ts";
import { untilAborted } from "../tool/until-aborted.ts";
import type { VoiceToolSettings } from "./voice-settings.ts";

/** What calling tools stands on. */
export type OwnToolsDeps = {
  readonly box: ToolBox;
  readonly storage: Storage;
  readonly settings: Pick<ToolSettings, "resultCharsMax" | "parallelMax">;
  readonly voice: VoiceToolSettings;
  readonly now: () => number;
  readonly onInternalError: (error: unknown) => void;
};

/** For whom tools are called. */
export type ToolCaller = {
  readonly access: Pick<Access, "userId">;
  /** Names the call in the ledger of calls. */
  readonly requestId: string;
  /** The ids of calls so far: none is used twice. */
  readonly callIds: Set<string>;
  readonly signal: AbortSignal;
};

/** The server's own tools, for answers that nobody can be asked about while they are spoken. */
export type OwnTools = ReturnType<typeof createOwnTools>;

/** A model that wants more at once than this has lost its way. */
const callsPerRoundMax = 32;

type Outcome = {
  readonly ok: boolean;
  readonly text: string;
  readonly ms: number;
  readonly failure?: ToolFailure;
};
type Place = { readonly caller: ToolCaller; readonly places: Places };

/** Creates what offers and calls them. */
export function createOwnTools(deps: OwnToolsDeps) {
  const { box, storage, voice, settings } = deps;

  function mayCall(tool: ToolInfo, permission: ReturnType<typeof toEffectivePermission>): boolean {
    if (permission === "never") return false;
    if (voice.allow === undefined) return permission === "always";
    return voice.allow.some((pattern) => matchesPattern(pattern, tool.name));
  }

  async function carryOut(call: CheckedCall, { caller, places }: Place): Promise<Outcome> {
    if (call.tool === undefined) return { ok: false, text: call.reason, ms: 0, failure: call.failure };
    const { signal } = caller;
    const leave = await places.enter(signal);
    const startedAt = deps.now();
    const toOutcome = (result: ToolResult): Outcome => ({
      ...result,
      ms: Math.max(0, Math.round(deps.now() - startedAt)),
    });
    try {
      return toOutcome(await untilAborted(box.call(call.name, call.input, { signal }), signal));
    } catch (error) {
      if (!signal.aborted) deps.onInternalError(error);
      return toOutcome({ ok: false, text: "The tool failed.", failure: "failed" });
    } finally {
      leave();
    }
  }

  async function finishCall(call: CheckedCall, place: Place): Promise<WireMessage> {
    const { callId, name: tool } = call;
    const { ok, text, ms, failure = null } = await carryOut(call, place);
    const { requestId: runId, access } = place.caller;
    const entry = { runId, callId, at: deps.now(), userId: access.userId, tool, ms, ok, failure };
    try {
      await storage.relaxedTransaction((tx) => tx.tools.insertCall(entry));
    } catch (error) {
      // The answer matters more than its line in the book.
      deps.onInternalError(error);
    }
    return { role: "tool", tool_call_id: callId, content: cut(text, settings.resultCharsMax) };
  }

  return {
    /** The tools that a model may be offered for this caller, without those that are called like one of the caller's. */
    async list(
      { access, signal }: Pick<ToolCaller, "access" | "signal">,
      taken: ReadonlySet<string>,
    ): Promise<readonly ToolInfo[]> {
      if (voice.allow?.length === 0) return [];
      const { userId } = access;
      const work = Promise.all([
        box.list({ userId: userId ?? 0 }),
        userId === null ? [] : storage.tools.listGrants(userId),
      ]);
      // Right after the start tools may be on their way.
      const [tools, grants] = await untilAborted(work, signal);
      return tools.filter(
        (tool) => !taken.has(tool.name) && mayCall(tool, toEffectivePermission(tool, grants)),
      );
    },

    /**
     * Makes the calls of one round, some at a time, and gives what goes in front of the next question: what was called,
     * and what came of it. What goes wrong with a call is a result.
     *
     * @param said - What the model said beside its calls.
     * @throws the signal's reason, once it is aborted.
     */
    async call(
      calls: readonly ToolCall[],
      { offered, said, caller }: { offered: readonly ToolInfo[]; said: string; caller: ToolCaller },
    ): Promise<readonly WireMessage[]> {
      const wanted = calls.slice(0, callsPerRoundMax);
      const checked = wanted.map((call) => checkCall(call, offered, caller.callIds));
      // Each call listens for the end of the answer.
      setMaxListeners(0, caller.signal);
      const places = createPlaces(settings.parallelMax);
      const results = await Promise.all(checked.map((call) => finishCall(call, { caller, places })));
      caller.signal.throwIfAborted();
      return [{ role: "assistant", content: said, tool_calls: checked.map(toWireCall) }, ...results];
    },
  };
}

/** A tool as models are told of it. */
export function toWireTool({ name, description, inputSchema }: ToolInfo): WireTool {
  return { type: "function", function: { name, description, parameters: inputSchema } };
}

function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text.toWellFormed();
  return `${text.slice(0, charsMax).toWellFormed()}\n[Cut here: ${text.length} characters in all.]`;
}
