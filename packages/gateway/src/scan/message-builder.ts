import { isFields } from "../failure/provider-error.ts";

type Fields = Readonly<Record<string, unknown>>;
type Draft = Record<string, unknown>;

/** Fields that come in pieces; of all others the last one counts. */
const joined = new Set([
  "content",
  "reasoning_content",
  "reasoning",
  "refusal",
  "arguments",
  "data",
  "transcript",
  "text",
]);

/** A draft has no prototype: a stream may call its fields whatever it likes. */
export const toDraft = (): Draft => Object.create(null) as Draft;

function mergeValue(old: unknown, value: unknown, name: string): unknown {
  if (value === null || value === undefined) return old;
  if (typeof old === "string" && typeof value === "string" && joined.has(name)) return old + value;
  if (Array.isArray(old) && Array.isArray(value)) {
    for (const one of value) old.push(one);
    return old;
  }
  if (isFields(value)) return mergeFields(isFields(old) ? old : toDraft(), value);
  return value;
}

/** Tool calls come in fragments: which one a fragment belongs to, its index says. */
function mergeCalls(old: unknown, fragments: readonly unknown[]): Draft[] {
  const calls: Draft[] = Array.isArray(old) ? (old as Draft[]) : [];
  for (const fragment of fragments.filter(isFields)) {
    const { index, ...rest } = fragment;
    const place = index ?? calls.length;
    let call = calls.find((one) => one["index"] === place);
    if (call === undefined) calls.push((call = Object.assign(toDraft(), { index: place })));
    mergeFields(call, rest);
  }
  return calls;
}

/** Adds what a frame brings to what earlier ones brought. */
export function mergeFields(draft: Draft, fields: Fields): Draft {
  for (const [name, value] of Object.entries(fields))
    draft[name] =
      name === "tool_calls" && Array.isArray(value)
        ? mergeCalls(draft[name], value)
        : mergeValue(draft[name], value, name);
  return draft;
}

/** The message of a chat whose deltas were merged. */
export function toMessage(draft: Fields): Fields {
  const { role, content, tool_calls: calls, ...rest } = draft;
  const hasCalls = Array.isArray(calls) || isFields(rest["function_call"]);
  return {
    role: role ?? "assistant",
    content: hasCalls && content === "" ? null : (content ?? (hasCalls ? null : "")),
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    ...(Array.isArray(calls) && {
      tool_calls: calls.map((call) => {
        const { index: _index, ...whole } = call as Fields;
        return whole;
      }),
    }),
  };
}
