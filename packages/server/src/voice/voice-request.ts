import { DomainError } from "@llm-backend/contract";
import {
  createObjectEditor,
  locateFields,
  walkMembers,
  type ForwardRequest,
  type ObjectLayout,
} from "@llm-backend/gateway";
import { engineFields, isFields } from "./engine-fields.ts";
import type { VoiceFace } from "./ports.ts";
import { readVoiceMessage, type VoiceMessage } from "./voice-message.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What is written differently from what the caller sent; everything else keeps its bytes. */
export type RequestChanges = {
  /** The messages, each as JSON, in place of the caller's. */
  readonly messages?: readonly string[];
  /** Fields as JSON, by their names; undefined takes one out. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
};

/** A question of a voice engine. */
export type VoiceRequest = {
  /** All that was sent. */
  readonly body: Fields;
  readonly messages: readonly [VoiceMessage, ...VoiceMessage[]];
  readonly isStreamed: boolean;
  readonly wantsUsage: boolean;
  /** The model that it names. */
  readonly model: string | undefined;
  /** The knowledge base that it names. */
  readonly knowledgeBase: string | undefined;
  /** The caller's own tools, as they stand in the body: the members of the list, or nothing. */
  readonly toolsJson: string;
  /** The body to pass on, without what is the engine's own. */
  toBytes(changes?: RequestChanges): Buffer;
};

const edited = [
  ...engineFields,
  "messages",
  "model",
  "models",
  "fallbacks",
  "stream",
  "tools",
  "tool_choice",
] as const;

/**
 * Reads a question.
 *
 * @param further - Fields that will be written differently, beside those that are known here.
 * @throws DomainError `invalid_input`
 */
export function readVoiceRequest(
  request: ForwardRequest,
  face: VoiceFace,
  further: readonly string[] = [],
): VoiceRequest {
  const { bytes, layout, body } = readBody(request, [...edited, ...further]);
  if (face !== "chat" && body["stream"] === false)
    throw refuse("stream", "This path answers as a stream only: `stream` must not be false.");
  const messages = readMessages(bytes, layout, body["messages"]);
  const areKept = messages.every(({ isKept }) => isKept);
  const isStreamed = face === "chat" ? body["stream"] === true : true;
  const { model, stream_options: options } = body;

  return {
    body,
    messages,
    isStreamed,
    wantsUsage: isStreamed && isFields(options) && options["include_usage"] === true,
    model: typeof model === "string" && model !== "" ? model : undefined,
    knowledgeBase: readKnowledgeBase(body),
    toolsJson: readTools(bytes, layout, body["tools"]),
    toBytes({ messages: given, fields = {} } = {}) {
      const editor = createObjectEditor(bytes, layout);
      for (const name of engineFields) editor.remove(name);
      editor.leaveOne("messages");
      const list = given ?? messages.map(({ json }) => json);
      if (!areKept || !isSame(list, messages)) editor.set("messages", `[${list.join(",")}]`);
      if (isStreamed && body["stream"] !== true) editor.set("stream", "true");
      for (const [name, json] of Object.entries(fields)) {
        if (json === undefined) editor.remove(name);
        else {
          editor.leaveOne(name);
          editor.set(name, json);
        }
      }
      return editor.apply();
    },
  };
}

/** Whether nothing was put between the messages; what stands between them then stays as it was too. */
function isSame(list: readonly string[], messages: readonly VoiceMessage[]): boolean {
  return list.length === messages.length && list.every((json, index) => json === messages[index]?.json);
}

type Body = { readonly bytes: Buffer; readonly layout: ObjectLayout; readonly body: Fields };

function readBody({ body }: ForwardRequest, names: readonly string[]): Body {
  if (body.kind === "stream") throw refuse("", "The body must be a JSON object, not a file.");
  if (body.kind === "none" || body.bytes.length === 0)
    throw refuse("", "The body is empty; a JSON object is expected.");
  const layout = locateFields(body.bytes, names);
  const value = layout && parse(body.bytes);
  if (layout === undefined || !isFields(value)) throw refuse("", "The body is not a JSON object.");
  return { bytes: body.bytes, layout, body: value };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function readMessages(bytes: Buffer, layout: ObjectLayout, values: unknown): VoiceRequest["messages"] {
  const range = layout.find("messages");
  if (range === undefined || !Array.isArray(values)) throw refuse("messages", "`messages` must be a list.");
  const pieces: Buffer[] = [];
  walkMembers(bytes, range.valueStart, ({ valueStart, valueEnd }) => {
    pieces.push(bytes.subarray(valueStart, valueEnd));
  });
  const [first, ...rest] = pieces.map((piece, index) => {
    const value: unknown = values[index];
    if (!isFields(value) || typeof value["role"] !== "string")
      throw refuse(`messages[${index}]`, `\`messages[${index}]\` must be an object with a role.`);
    return readVoiceMessage(piece, value);
  });
  if (first === undefined) throw refuse("messages", "`messages` must not be empty.");
  return [first, ...rest];
}

function readKnowledgeBase(body: Fields): string | undefined {
  const { knowledge_base: named, context } = body;
  const value = named ?? (isFields(context) ? context["knowledge_base"] : undefined) ?? undefined;
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string" || value.length > 256)
    throw refuse("knowledge_base", "`knowledge_base` must be the name of one.");
  return value;
}

function readTools(bytes: Buffer, layout: ObjectLayout, values: unknown): string {
  const range = layout.find("tools");
  if (range === undefined || !Array.isArray(values) || values.length === 0) return "";
  return bytes.toString("utf8", range.valueStart + 1, range.valueEnd - 1);
}

function refuse(path: string, message: string): DomainError {
  return new DomainError("invalid_input", message, { details: { issues: [{ path, message }] } });
}
