import type { ToolCall } from "@llm-backend/gateway";
import type { Chunk } from "./answer-target.ts";
import { isFields } from "./engine-fields.ts";
import { brokenOffReasons, type AnswerSoFar } from "./round-reader.ts";
import { createToolSorter, type ToolOwners } from "./tool-sorter.ts";
import { addWireUsage } from "./wire-usage.ts";

/** An answer that came in one piece. */
export type WholeRound = {
  /** The calls that are to be made here before the model is asked again. */
  readonly calls: readonly ToolCall[];
  /** What it said. */
  readonly text: string;
  /** What the caller is given of it, with what the rounds before it said; undefined: the very bytes that came. */
  readonly body: Buffer | undefined;
};

/** How it is read. */
export type WholeReading = {
  readonly soFar: AnswerSoFar;
  readonly tools: ToolOwners | undefined;
  readonly isLast: boolean;
};

/** Reads an answer that came in one piece; undefined where it is none. */
export function readWholeRound(bytes: Buffer, reading: WholeReading): WholeRound | undefined {
  const answer = parse(bytes);
  if (!isFields(answer) || !Array.isArray(answer["choices"])) return undefined;
  const { soFar, tools } = reading;
  const [first, ...others] = answer["choices"] as readonly unknown[];
  const choice = isFields(first) ? first : {};
  const message = isFields(choice["message"]) ? choice["message"] : {};
  const text = typeof message["content"] === "string" ? message["content"] : "";
  const isFirst = soFar.id === undefined;
  note(soFar, { answer, choice, text });
  if (tools === undefined) return { calls: [], text, body: undefined };

  const sorter = createToolSorter(tools);
  const handedBack = sorter.take(toNumbered(message)).map(toUnnumbered);
  const own = sorter.own();
  const isBroken = brokenOffReasons.has(soFar.finishReason ?? "");
  const calls = handedBack.length > 0 || reading.isLast || isBroken ? [] : own;
  if (isFirst && own.length === 0) return { calls, text, body: undefined };
  const told = toTold(choice, { message, handedBack, text: soFar.text });
  const whole = { ...answer, id: soFar.id, choices: [told, ...others], usage: soFar.usage };
  return { calls, text, body: Buffer.from(JSON.stringify(whole)) };
}

function note(soFar: AnswerSoFar, { answer, choice, text }: { answer: Chunk; choice: Chunk; text: string }) {
  const { id, model, usage } = answer;
  soFar.id ??= typeof id === "string" ? id : "";
  if (typeof model === "string") soFar.model = model;
  if (isFields(usage)) soFar.usage = addWireUsage(soFar.usage, usage);
  const { finish_reason: reason } = choice;
  soFar.finishReason = typeof reason === "string" ? reason : undefined;
  const lead = soFar.text === "" || text === "" || soFar.text.endsWith("\n") ? "" : "\n\n";
  soFar.text += lead + text;
}

/** In a whole message each entry is a call of its own. */
function toNumbered(message: Chunk): Chunk {
  const { tool_calls: calls } = message;
  return {
    tool_calls: Array.isArray(calls) ? calls.filter(isFields).map((call, index) => ({ ...call, index })) : [],
  };
}

function toUnnumbered(call: Chunk): Chunk {
  const { index: _, ...rest } = call;
  return rest;
}

function toTold(
  choice: Chunk,
  { message, handedBack, text }: { message: Chunk; handedBack: readonly Chunk[]; text: string },
): Chunk {
  const { tool_calls: _, ...rest } = message;
  const told = { ...rest, content: text === "" ? (message["content"] ?? null) : text };
  if (handedBack.length > 0) return { ...choice, message: { ...told, tool_calls: handedBack } };
  const isOfCalls = choice["finish_reason"] === "tool_calls";
  return { ...choice, message: told, ...(isOfCalls && { finish_reason: "stop" }) };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
