import { createObjectEditor, locateFields } from "@llm-backend/gateway";
import { engineMessageFields, isFields } from "./engine-fields.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One message of a question. */
export type VoiceMessage = {
  readonly role: string;
  /** Its text; what is no text in it is left out. */
  readonly text: string;
  /** It calls tools, or answers a call of one. */
  readonly isOfTools: boolean;
  /** As it is passed on: without what is the engine's own. */
  readonly json: string;
  /** Nothing was taken out. */
  readonly isKept: boolean;
  /** The turn that the engine counts it to. */
  readonly turnId: string | undefined;
};

/** Reads a message, by its bytes and by what they say. */
export function readVoiceMessage(bytes: Buffer, value: Fields): VoiceMessage {
  const { role, content, turn_id: turnId, tool_calls: calls } = value;
  const isKept = !engineMessageFields.some((name) => Object.hasOwn(value, name));
  return {
    role: String(role),
    text: toText(content),
    isOfTools: role === "tool" || role === "function" || (Array.isArray(calls) && calls.length > 0),
    json: isKept ? bytes.toString() : stripEngineFields(bytes),
    isKept,
    turnId: typeof turnId === "string" || typeof turnId === "number" ? String(turnId) : undefined,
  };
}

function stripEngineFields(bytes: Buffer): string {
  const layout = locateFields(bytes, engineMessageFields);
  if (layout === undefined) return bytes.toString();
  const editor = createObjectEditor(bytes, layout);
  for (const name of engineMessageFields) editor.remove(name);
  return editor.apply().toString();
}

function toText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .flatMap((part: unknown) => (isFields(part) && typeof part["text"] === "string" ? [part["text"]] : []))
    .join("\n");
}
