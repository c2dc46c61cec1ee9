import type { ToolCall } from "@llm-backend/gateway";
import type { AnswerTarget, Chunk } from "./answer-target.ts";
import { isFields } from "./engine-fields.ts";
import type { Frame } from "./frame-splitter.ts";
import { createToolSorter, type ToolOwners } from "./tool-sorter.ts";
import { addWireUsage } from "./wire-usage.ts";

/** What is known of an answer over all its rounds. */
export type AnswerSoFar = {
  /** Its text, as far as it was told. */
  text: string;
  /** The id of the first round's answer, where it came in one piece. */
  id: string | undefined;
  /** The tokens of all rounds, in the providers' words. */
  usage: Chunk | undefined;
  /** The model that answered. */
  model: string | undefined;
  finishReason: string | undefined;
  /** The caller knows whose words these are. */
  isRoleTold: boolean;
  /** The tokens were not told with the chunks: those of all rounds are told at the end. */
  isUsageHeld: boolean;
};

/** How one round is read. */
export type RoundReading = {
  readonly target: AnswerTarget;
  readonly soFar: AnswerSoFar;
  /** Undefined where no tools are called here: then an answer has one round, and its frames pass as they are. */
  readonly tools: ToolOwners | undefined;
  /** Nothing is called any more, whatever the model says. */
  readonly isLast: boolean;
};

/** Reads the frames of one round, and tells the caller what is the caller's. */
export type RoundReader = {
  /** False: the caller is behind. */
  read(frame: Frame): boolean;
  /** The calls that are to be made here before the model is asked again; empty for the last round. */
  calls(): readonly ToolCall[];
  /** What this round said. */
  readonly text: string;
  /** An error came in the stream, and has been told. */
  readonly hasFailed: boolean;
};

/** Answers with these ends broke off: what they call may lack its end. */
export const brokenOffReasons = new Set(["length", "max_tokens", "content_filter"]);

/** Creates the reader of one round. */
export function createRoundReader({ target, soFar, tools, isLast }: RoundReading): RoundReader {
  const sorter = tools && createToolSorter(tools);
  /** What this round says is not glued to what the one before it said. */
  let lead = soFar.text === "" || soFar.text.endsWith("\n") ? "" : "\n\n";
  let text = "";
  let hasFailed = false;
  let finishReason: string | undefined;

  function readChoice(choice: Chunk): Chunk | undefined {
    const delta = isFields(choice["delta"]) ? choice["delta"] : {};
    const told = sorter === undefined ? delta : sortDelta(delta);
    const { content } = told;
    const said = typeof content === "string" && content !== "" ? say(told, content, choice) : told;
    if (typeof choice["finish_reason"] === "string") finishReason = choice["finish_reason"];
    if (finishReason === "tool_calls" && isLast && sorter?.isHandedBack === false)
      return { ...choice, delta: said, finish_reason: (finishReason = "stop") };
    return said === delta ? choice : { ...choice, delta: said };
  }

  function say(delta: Chunk, content: string, { index }: Chunk): Chunk {
    // Of several answers side by side the first one counts.
    if (index !== undefined && index !== 0) return delta;
    const led = lead + content;
    const isRoleMissing = sorter !== undefined && !soFar.isRoleTold && delta["role"] === undefined;
    soFar.isRoleTold = true;
    text += content;
    soFar.text += led;
    if (lead === "" && !isRoleMissing) return delta;
    lead = "";
    return { ...(isRoleMissing && { role: "assistant" }), ...delta, content: led };
  }

  function sortDelta(delta: Chunk): Chunk {
    if (!Array.isArray(delta["tool_calls"])) return delta;
    const { tool_calls: _, ...rest } = delta;
    const handedBack = sorter?.take(delta) ?? [];
    return handedBack.length === 0 ? rest : { ...rest, tool_calls: handedBack };
  }

  /** Whether this round is followed by another one: what it ends with is then not the answer's end. */
  function goesOn(): boolean {
    if (sorter === undefined || sorter.isHandedBack || isLast) return false;
    return sorter.own().length > 0 && !brokenOffReasons.has(finishReason ?? "");
  }

  /** What is left of a chunk for the caller; undefined where nothing is. */
  function toTold(chunk: Chunk): Chunk | undefined {
    const { model, usage } = chunk;
    if (typeof model === "string" && model !== "") soFar.model = model;
    if (isFields(usage)) soFar.usage = addWireUsage(soFar.usage, usage);
    const choices = Array.isArray(chunk["choices"]) ? chunk["choices"] : [];
    const read = choices.map((choice: unknown) => (isFields(choice) ? readChoice(choice) : choice));
    if (sorter === undefined) return chunk;
    soFar.isUsageHeld = true;
    const left = read.filter(isWorthTelling);
    if (left.length === 0) return undefined;
    const isSame = left.length === choices.length && left.every((choice, at) => choice === choices[at]);
    if (isSame && !isFields(usage)) return chunk;
    return { ...chunk, choices: left, ...(isFields(usage) && { usage: null }) };
  }

  /** What was only about calls of ours is nobody else's, and the role is told once. */
  function isWorthTelling(choice: unknown): boolean {
    if (!isFields(choice)) return true;
    if (typeof choice["finish_reason"] === "string") return !goesOn();
    const delta = isFields(choice["delta"]) ? choice["delta"] : {};
    const { role, ...rest } = delta;
    if (Object.values(rest).some((value) => value !== null && value !== "")) return true;
    const isNew = role !== undefined && !soFar.isRoleTold;
    soFar.isRoleTold ||= isNew;
    return isNew;
  }

  return {
    read({ raw, data }) {
      if (data === undefined) return target.tell(undefined, raw);
      if (data === "[DONE]") return true;
      const chunk = parse(data);
      if (!isFields(chunk)) return target.tell(undefined, raw);
      if (isFields(chunk["error"])) {
        hasFailed = true;
        return target.tell(undefined, raw);
      }
      const told = toTold(chunk);
      return told === undefined || target.tell(told, told === chunk ? raw : undefined);
    },
    calls() {
      if (finishReason !== undefined) soFar.finishReason = finishReason;
      return goesOn() ? (sorter?.own() ?? []) : [];
    },
    get text() {
      return text;
    },
    get hasFailed() {
      return hasFailed;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
