import { isFields } from "../failure/provider-error.ts";
import { parseData } from "./frame-reader.ts";
import type { ScannedKind } from "./scan-progress.ts";
import { toDelta } from "./to-delta.ts";

type Fields = Readonly<Record<string, unknown>>;

/** How an answer in one piece becomes a stream. */
export type StreamFramesOptions = { readonly kind: ScannedKind; readonly includeUsage: boolean };

/** Frames stay of a size that readers of events expect. */
const pieceChars = 16 * 1024;
const isHighHalf = (code: number): boolean => (code & 0xfc00) === 0xd800;

function* cutText(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    let end = at + pieceChars;
    if (end < text.length && isHighHalf(text.charCodeAt(end - 1))) end--;
    yield text.slice(at, end);
    at = end;
  }
}

/** A tool call as the pieces that a stream would bring: its name first, then its arguments. */
function* cutCall(call: unknown): Generator {
  const func = isFields(call) && isFields(call["function"]) ? call["function"] : {};
  const text = func["arguments"];
  if (!isFields(call) || typeof text !== "string") return yield call;
  yield { ...call, function: { ...func, arguments: "" } };
  for (const piece of cutText(text)) yield { index: call["index"], function: { arguments: piece } };
}

/** The deltas of a message: the role, then each field by itself. */
function* cutMessage(message: Fields): Generator<Fields> {
  const { role, content, ...rest } = toDelta(message);
  yield { role: role ?? "assistant", content: typeof content === "string" ? "" : null };
  const fields = Object.entries({ ...rest, content }).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  // Reasoning comes before what it leads to.
  for (const [name, value] of fields) {
    if (typeof value === "string") for (const piece of cutText(value)) yield { [name]: piece };
    else if (name === "tool_calls" && Array.isArray(value))
      for (const piece of value.flatMap((call) => [...cutCall(call)])) yield { [name]: [piece] };
    else yield { [name]: value };
  }
}

function* cutChatChoice({ message, finish_reason: reason, ...rest }: Fields): Generator<Fields> {
  for (const delta of cutMessage(isFields(message) ? message : {}))
    yield { ...rest, delta, finish_reason: null };
  yield { ...rest, delta: {}, finish_reason: reason ?? "stop" };
}

function* cutTextChoice({ text, finish_reason: reason, ...rest }: Fields): Generator<Fields> {
  for (const piece of cutText(typeof text === "string" ? text : ""))
    yield { ...rest, text: piece, finish_reason: null };
  yield { ...rest, text: "", finish_reason: reason ?? "stop" };
}

/**
 * Makes a stream of a whole chat completion or text completion, `[DONE]` included. Undefined for what is none, and for
 * the Responses API.
 */
export function toStreamFrames(completion: Buffer, options: StreamFramesOptions): Buffer | undefined {
  const value = parseData(completion.toString());
  if (options.kind === "response" || !isFields(value)) return undefined;
  const { choices, usage, object: _object, ...rest } = value;
  if (!Array.isArray(choices)) return undefined;
  const isChat = options.kind === "chat";
  const base = { ...rest, object: isChat ? "chat.completion.chunk" : "text_completion" };
  const frames: string[] = [];
  const write = (fields: Fields): void =>
    void frames.push(`data: ${JSON.stringify({ ...base, ...fields })}\n\n`);
  for (const [index, choice] of choices.filter(isFields).entries()) {
    const numbered = { index, ...choice };
    for (const piece of isChat ? cutChatChoice(numbered) : cutTextChoice(numbered))
      write({ choices: [piece] });
  }
  if (options.includeUsage && isFields(usage)) write({ choices: [], usage });
  return Buffer.from(`${frames.join("")}data: [DONE]\n\n`);
}
