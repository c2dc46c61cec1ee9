import { createParser } from "eventsource-parser";
import { readChunk, type Chunk } from "../../src/answer/chunk.ts";
import type { ScanOptions } from "../../src/scan/scan-progress.ts";

/** What a plain parser finds in a chat stream: every event parsed, nothing learned, nothing skipped. */
export type Reference = {
  /** The data of the events that a caller has to get, parsed; `[DONE]` as it is. */
  readonly passed: readonly unknown[];
  readonly text: string;
  readonly reasoning: string;
  readonly finishReason: string | undefined;
  readonly usage: unknown;
  readonly model: string | undefined;
  readonly isDone: boolean;
  readonly isFaulty: boolean;
  readonly framesMalformed: number;
  readonly textChars: number;
};

type Json = Record<string, unknown>;

const parse = (data: string): unknown => {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
};

type Event = { readonly event: string | undefined; readonly data: string };

/** The events of a text, as the parser finds them. */
export function parseEvents(text: string): Event[] {
  const events: Event[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event, data }) });
  parser.feed(text.replace(/^\uFEFF/, ""));
  // The parser waits for the other half of a line end.
  if (text.endsWith("\r")) parser.feed("\n");
  return events;
}

/** The same, and a last event that has only lost its blank line. */
function parseBody(text: string): Event[] {
  const events = parseEvents(text);
  const last = parseEvents(`${text}\n\n`)[events.length];
  const isWhole = last !== undefined && (last.data.trim() === "[DONE]" || parse(last.data) !== undefined);
  return isWhole ? [...events, last] : events;
}

type Found = { -readonly [TName in keyof Reference]: Reference[TName] } & { readonly passed: unknown[] };

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

/** A reason for the end, behind another one and with nothing else to say. */
const isAnotherEnd = (found: Found, { finishReason, text, reasoning }: Chunk): boolean =>
  found.finishReason !== undefined && finishReason !== undefined && text + reasoning === "";

/** A frame that is an object and no error. */
function readFrame(found: Found, frame: Json, hideUsage: boolean): void {
  const hasUsage = isObject(frame["usage"]);
  const choices: unknown[] | undefined = Array.isArray(frame["choices"]) ? frame["choices"] : undefined;
  if (choices === undefined && !hasUsage) return;
  const chunk = readChunk(frame) as Chunk;
  const isFinishedAgain = isAnotherEnd(found, chunk);
  found.text += chunk.text;
  found.reasoning += chunk.reasoning;
  found.finishReason = chunk.finishReason ?? found.finishReason;
  found.usage = chunk.usage ?? found.usage;
  found.model ??= chunk.model;
  const passed = pass(frame, { choices: choices ?? [], isHidden: hideUsage && hasUsage, isFinishedAgain });
  if (passed !== undefined) found.passed.push(passed);
}

/** What a caller gets of a frame. The reason for a choice's end is told once. */
function pass(
  frame: Json,
  given: { choices: unknown[]; isHidden: boolean; isFinishedAgain: boolean },
): Json | undefined {
  const { usage, ...rest } = frame;
  const shown = given.isHidden ? rest : frame;
  const choices = given.isFinishedAgain ? [] : given.choices;
  const isBare = choices.length === 0 && (given.isHidden || (given.isFinishedAgain && !isObject(usage)));
  return isBare ? undefined : { ...shown, choices };
}

function readEvent(found: Found, { event, data }: Event, hideUsage: boolean): void {
  const value = parse(data);
  if (data.trim() === "[DONE]") {
    found.isDone = true;
    found.passed.push("[DONE]");
  } else if (event === "error" || readChunk(value)?.error !== undefined) found.isFaulty = true;
  else if (isObject(value)) readFrame(found, value, hideUsage);
  else if (data.trim() !== "" && value !== null) found.framesMalformed++;
}

/** Reads a chat stream with one choice, without shortcuts. */
export function scanPlainly(text: string, { hideUsage }: Pick<ScanOptions, "hideUsage">): Reference {
  const found: Found = {
    passed: [],
    text: "",
    reasoning: "",
    finishReason: undefined,
    usage: undefined,
    model: undefined,
    isDone: false,
    isFaulty: false,
    framesMalformed: 0,
    textChars: 0,
  };
  for (const event of parseBody(text)) {
    if (found.isDone || found.isFaulty) break;
    readEvent(found, event, hideUsage);
  }
  // Code points, of which the two halves that meet at the border of text and reasoning are none.
  found.textChars = countChars(found.text) + countChars(found.reasoning);
  return found;
}

const countChars = (text: string): number => text.length - (text.match(/[\udc00-\udfff]/g)?.length ?? 0);
