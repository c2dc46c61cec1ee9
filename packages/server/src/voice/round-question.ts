import type { IncomingCall } from "../forward/forward-service.ts";
import type { ToolInfo } from "../tool/tool-box.ts";
import { toVoiceRecord } from "./engine-fields.ts";
import { toWireTool } from "./own-tools.ts";
import type { VoiceTurn } from "./voice-turn.ts";

/** What goes from round to round. */
export type RoundsState = {
  /** As JSON, in their order. */
  messages: readonly string[];
  /** The tools that are called here. */
  offered: readonly ToolInfo[];
  /** How many upstreams were asked. */
  attempts: number;
  /** From 0. */
  round: number;
};

/** One round's question, as a call like every other; its record tells what came, and what was done about it. */
export function toIncoming(
  deps: { readonly newRequestId: () => string; readonly roundsMax: number },
  turn: VoiceTurn,
  state: RoundsState,
): IncomingCall {
  const { incoming, request, fields, face, notes } = turn;
  const headers = { ...incoming.request.headers, "content-type": "application/json" };
  const isFirst = state.round === 0;
  const isLast = state.round >= deps.roundsMax;
  const bytes = isFirst ? request.toBytes({ fields }) : toBody(turn, state, isLast);
  const id = isFirst ? incoming.request.id : deps.newRequestId();
  const body = { kind: "whole", bytes } as const;
  const received = isFirst ? { ...incoming.request, headers } : { ...incoming.request, headers, id, body };
  const more = isFirst ? notes : { ...notes, requestId: incoming.request.id, round: state.round + 1 };
  return {
    ...incoming,
    request: { id, method: "POST", path: "/chat/completions", headers, body },
    received: {
      request: received,
      // What is found while it is prepared is told as well.
      get voice() {
        return toVoiceRecord(face, request.body, isFirst ? notes : more);
      },
    },
  };
}

/** The body of a round: the caller's, with what was found out, and with the tools that are called here. */
export function toBody(
  { request, fields }: Pick<VoiceTurn, "request" | "fields">,
  { messages, offered, round }: RoundsState,
  isLast: boolean,
): Buffer {
  const own = isLast ? [] : offered.map((tool) => JSON.stringify(toWireTool(tool)));
  const callers = request.toolsJson === "" ? [] : [request.toolsJson];
  const tools = offered.length === 0 ? {} : { tools: toList([...callers, ...own]) };
  const { tool_choice: choice } = request.body;
  // Whoever has to call something would never come to an answer.
  const isForced = choice === "required" || (typeof choice === "object" && choice !== null);
  const isDropped = (round > 0 && isForced) || (isLast && callers.length === 0);
  return request.toBytes({
    messages,
    fields: { ...fields, ...tools, ...(offered.length > 0 && isDropped && { tool_choice: undefined }) },
  });
}

const toList = (members: readonly string[]): string | undefined =>
  members.length === 0 ? undefined : `[${members.join(",")}]`;
