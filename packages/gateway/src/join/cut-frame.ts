import { isFields } from "../failure/provider-error.ts";
import type { ScannedKind } from "../scan/scan-progress.ts";

type Fields = Readonly<Record<string, unknown>>;

/** How many UTF-16 units are taken off the beginning of what a frame brings. */
export type FrameCut = { readonly text: number; readonly reasoning: number };

type Left = { text: number; reasoning: number };

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function cutText(value: unknown, left: Left, as: keyof Left): unknown {
  if (typeof value !== "string") return value;
  const count = Math.min(left[as], value.length);
  left[as] -= count;
  return value.slice(count);
}

/** Content in parts, as Mistral's reasoning models send it: `text` parts and, around others, `thinking`. */
function cutParts(parts: readonly unknown[], left: Left, as: keyof Left): unknown[] {
  return parts.map((part) => {
    if (!isFields(part)) return part;
    if (part["type"] !== "thinking") return { ...part, text: cutText(part["text"], left, as) };
    const { thinking } = part;
    if (!Array.isArray(thinking)) return { ...part, thinking: cutText(thinking, left, "reasoning") };
    return { ...part, thinking: cutParts(thinking, left, "reasoning") };
  });
}

function cutDelta(delta: Fields, cut: FrameCut): Fields {
  const left: Left = { ...cut };
  const { content, refusal, reasoning, reasoning_content: reasoningContent, ...rest } = delta;
  // Details of reasoning repeat what was cut; nobody could tell which of them belong to the rest.
  if (cut.reasoning > 0) delete (rest as Record<string, unknown>)["reasoning_details"];
  const cutContent = Array.isArray(content)
    ? cutParts(content, left, "text")
    : cutText(content, left, "text");
  // The same piece may come under both names; it counts once.
  const inOther = { ...left };
  return {
    ...rest,
    ...(content !== undefined && { content: cutContent }),
    ...(refusal !== undefined && { refusal: cutText(refusal, left, "text") }),
    ...(reasoningContent !== undefined && {
      reasoning_content: cutText(reasoningContent, left, "reasoning"),
    }),
    ...(reasoning !== undefined && { reasoning: cutText(reasoning, inOther, "reasoning") }),
  };
}

function cutChoice(choice: unknown, kind: ScannedKind, cut: FrameCut): unknown {
  if (!isFields(choice)) return choice;
  if (kind === "completion") return { ...choice, text: textOf(choice["text"]).slice(cut.text) };
  return isFields(choice["delta"]) ? { ...choice, delta: cutDelta(choice["delta"], cut) } : choice;
}

/** The parsed frame without the beginning of what it brings. */
export function cutFrame(value: unknown, kind: ScannedKind, cut: FrameCut): unknown {
  if (!isFields(value)) return value;
  // An event brings either text or reasoning.
  if (kind === "response") return { ...value, delta: textOf(value["delta"]).slice(cut.text + cut.reasoning) };
  const { choices } = value;
  if (!Array.isArray(choices)) return value;
  return { ...value, choices: choices.map((choice: unknown) => cutChoice(choice, kind, cut)) };
}
