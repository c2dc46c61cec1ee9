import type { ToolsSetting, Usage, WireMessage, WireTool } from "@llm-backend/contract";
import type { ChatOutcome } from "@llm-backend/gateway";
import type { LiveRun } from "../chat/live-run.ts";
import { readEvents, toAnswerText, type AnswerText } from "../chat/run-log.ts";
import { addUsage } from "./add-usage.ts";
import { callTools, type CallToolsDeps } from "./call-tools.ts";
import { checkCall, toWireCall } from "./checked-call.ts";
import { toEffectivePermission } from "./effective-permission.ts";
import { toOnlyRound, type Round } from "./round.ts";
import type { ToolInfo } from "./tool-box.ts";
import { untilAborted } from "./until-aborted.ts";

/** Answers that take several rounds, because the model calls tools. */
export type ToolRounds = ReturnType<typeof createToolRounds>;

/** A model that wants more at once than this has lost its way; the rest is not called, and it is not told of it. */
const callsPerRoundMax = 32;
/** Answers with these ends broke off: what they call may lack its end. */
const brokenOffReasons = new Set(["length", "max_tokens", "content_filter"]);

/** Creates what asks a model in rounds. */
export function createToolRounds(deps: CallToolsDeps) {
  const { box, asks, storage, settings } = deps;

  async function findOffered({ run }: LiveRun, setting: ToolsSetting): Promise<readonly ToolInfo[]> {
    if (setting === null) return [];
    const [tools, grants] = await Promise.all([box.list(run), storage.tools.listGrants(run.userId)]);
    return tools.filter(
      (tool) =>
        (setting === "all" || setting.includes(tool.name)) && toEffectivePermission(tool, grants) !== "never",
    );
  }

  async function askInRounds(
    live: LiveRun,
    offered: readonly ToolInfo[],
    ask: (round: Round) => Promise<ChatOutcome>,
  ): Promise<ChatOutcome> {
    const tools = offered.map(toWireTool);
    const taken = new Set<string>();
    const exchange: WireMessage[] = [];
    let usage: Usage | undefined;
    for (let count = 0; ; count++) {
      const isLast = count === settings.roundsMax;
      const said = readSaid(live);
      const lead = count === 0 ? "" : toLead(said);
      const outcome = await ask({ exchange, tools: isLast ? undefined : tools, said, lead });
      usage = addUsage(usage, outcome.usage);
      if (isLast || !isCalling(outcome)) return { ...outcome, usage };
      const calls = outcome.toolCalls
        .slice(0, callsPerRoundMax)
        .map((call) => checkCall(call, offered, taken));
      // What stands in front of the first round is the beginning of the same message.
      const content = readSaid(live).content.slice(count === 0 ? 0 : said.content.length + lead.length);
      exchange.push({ role: "assistant", content, tool_calls: calls.map(toWireCall) });
      exchange.push(...(await callTools(deps, live, calls)));
    }
  }

  return {
    /**
     * Asks until the model answers without calling anything, or has been given results as often as it may. Tokens are
     * those of all rounds.
     *
     * @param setting - What the conversation's model may call.
     */
    async answer(
      live: LiveRun,
      setting: ToolsSetting,
      ask: (round: Round) => Promise<ChatOutcome>,
    ): Promise<ChatOutcome> {
      // Right after the start tools may be on their way.
      const offered = await untilAborted(findOffered(live, setting), live.signal);
      if (offered.length === 0) return ask(toOnlyRound(live));
      try {
        return await askInRounds(live, offered, ask);
      } finally {
        asks.forget(live.run.id);
      }
    },
  };
}

const readSaid = (live: LiveRun): AnswerText => toAnswerText(readEvents(live.log));

/** What one round says is not glued to what the next one says. */
function toLead({ content }: AnswerText): string {
  return content === "" || content.endsWith("\n") ? "" : "\n\n";
}

function isCalling({ toolCalls, finishReason }: ChatOutcome): boolean {
  return toolCalls.length > 0 && !brokenOffReasons.has(finishReason);
}

function toWireTool({ name, description, inputSchema }: ToolInfo): WireTool {
  return { type: "function", function: { name, description, parameters: inputSchema } };
}
