import { isFields } from "../failure/provider-error.ts";
import { locateFields } from "../request/json-fields.ts";
import { createObjectEditor } from "../request/object-editor.ts";
import type { FrameMeaning } from "./frame-meaning.ts";
import { toDelta } from "./to-delta.ts";

/** What the edits of a frame depend on. */
export type FrameEdits = {
  readonly hideUsage: boolean;
  /** Content has come before: a whole message repeats it. */
  readonly sawContent: boolean;
  /** Choices of a chat have a delta; those of a text completion do not. */
  readonly hasDeltas: boolean;
};

const endOfFrame = Buffer.from("\n\n");

/** Callers read `delta.content`, whatever else a provider may have put there. */
function fixChoice(choice: unknown, sawContent: boolean): unknown {
  if (!isFields(choice) || isFields(choice["delta"])) return choice;
  const { message, ...rest } = choice;
  if (isFields(message)) return { ...rest, delta: sawContent ? {} : toDelta(message) };
  return choice["delta"] === null ? { ...rest, delta: {} } : choice;
}

/** The choices as JSON, where something about them has to change. */
function fixChoices(choices: unknown, { hasDeltas, sawContent }: FrameEdits): string | undefined {
  if (!Array.isArray(choices)) return "[]";
  if (!hasDeltas) return undefined;
  const fixed = choices.map((choice: unknown) => fixChoice(choice, sawContent));
  return fixed.some((choice, index) => choice !== choices[index]) ? JSON.stringify(fixed) : undefined;
}

/** Writes a frame of one line of data. */
export function toFrame(data: Buffer | string): Buffer {
  return Buffer.concat([
    Buffer.from("data: "),
    typeof data === "string" ? Buffer.from(data) : data,
    endOfFrame,
  ]);
}

/**
 * What has to become of a frame before a caller may see it. The very same data when nothing has to; undefined when
 * nothing of it is left.
 */
export function editFrame(
  data: string,
  frame: { readonly value: unknown; readonly meaning: FrameMeaning },
  edits: FrameEdits,
): Buffer | string | undefined {
  const { value, meaning } = frame;
  const hidesUsage = edits.hideUsage && meaning.hasUsage;
  if (hidesUsage && meaning.choices.length === 0) return undefined;
  const choices = isFields(value) ? fixChoices(value["choices"], edits) : undefined;
  if (!hidesUsage && choices === undefined) return data;
  // A line feed in JSON is a blank, but it would end the line of data.
  const bytes = Buffer.from(data.replaceAll("\n", " "));
  const layout = locateFields(bytes, ["usage", "choices"]);
  // Nested more deeply than anything that a caller could want.
  if (layout === undefined) return undefined;
  const editor = createObjectEditor(bytes, layout);
  if (hidesUsage) editor.remove("usage");
  if (choices !== undefined) editor.set("choices", choices);
  return editor.apply();
}
