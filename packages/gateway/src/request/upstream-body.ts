import type { ForwardBody, ForwardCall } from "../forward/forward-ports.ts";
import { callFields, toPathModel } from "./call-fields.ts";
import { locateFields, readField, type ObjectLayout } from "./json-fields.ts";
import { createObjectEditor, type ObjectEditor } from "./object-editor.ts";

/** What an upstream is asked differently from what the caller wrote. */
export type BodyEdits = {
  /** What this upstream calls the model that it is asked for. */
  readonly model: string;
  /** Usage is asked for with the stream; without effect where nothing is streamed, and for kinds that always send it. */
  readonly askUsage: boolean;
  /** Asks for a stream, or for the answer in one piece. Undefined leaves it as the caller wrote it. */
  readonly stream?: boolean | undefined;
};

const askedUsage = '{"include_usage":true}';

/** The stream options with usage asked for, whatever else they say; that alone where there are none. */
function withUsage(bytes: Buffer): string {
  const layout = locateFields(bytes, ["include_usage"]);
  if (layout === undefined) return askedUsage;
  const editor = createObjectEditor(bytes, layout);
  editor.leaveOne("include_usage");
  editor.set("include_usage", "true");
  return editor.apply().toString();
}

function editModel(call: ForwardCall, model: string, body: { bytes: Buffer; layout: ObjectLayout }): boolean {
  const named = readField(body.bytes, body.layout.find("model"));
  if (typeof named === "string" && named !== "") return named !== model;
  // The model came from the list of models; one that came from the path is not written into a body.
  return call.model !== toPathModel(call.request.path);
}

function removeLists(editor: ObjectEditor, layout: ObjectLayout, bytes: Buffer): void {
  for (const name of ["models", "fallbacks"])
    if (bytes[layout.find(name)?.valueStart ?? -1] === 0x5b) editor.remove(name);
}

function editStream(call: ForwardCall, edits: BodyEdits, editor: ObjectEditor): boolean {
  const isStreamed = edits.stream ?? call.isStreamed;
  if (isStreamed === call.isStreamed) return isStreamed;
  editor.set("stream", String(isStreamed));
  if (!isStreamed) editor.remove("stream_options");
  return isStreamed;
}

/**
 * Makes the edits of a body that is a JSON object; undefined for any other.
 *
 * @param names - Further fields that the caller of this edits.
 */
export function editBody(
  call: ForwardCall,
  edits: BodyEdits,
  names: readonly string[] = [],
): { editor: ObjectEditor; layout: ObjectLayout; bytes: Buffer } | undefined {
  const { body } = call.request;
  if (body.kind !== "whole") return undefined;
  const { bytes } = body;
  const layout = locateFields(bytes, [...callFields, ...names]);
  if (layout === undefined) return undefined;
  const editor = createObjectEditor(bytes, layout);
  for (const name of callFields) editor.leaveOne(name);
  if (editModel(call, edits.model, { bytes, layout })) editor.set("model", JSON.stringify(edits.model));
  if (call.kind === "other") return { editor, layout, bytes };
  removeLists(editor, layout, bytes);
  const isStreamed = editStream(call, edits, editor);
  if (edits.askUsage && isStreamed && !call.wantsUsage && call.kind !== "response") {
    const range = layout.find("stream_options");
    editor.set("stream_options", withUsage(bytes.subarray(range?.valueStart ?? 0, range?.valueEnd ?? 0)));
  }
  return { editor, layout, bytes };
}

/**
 * The body to send. It is the caller's own body, the very same object, when nothing has to change; else the edited fields
 * are written in place and every other byte stays as it was. Fallback models of the caller are taken out: they are for us.
 * A field that is edited or read by us and occurs twice is left once, so that nobody reads another one than we did.
 */
export function toUpstreamBody(call: ForwardCall, edits: BodyEdits): ForwardBody {
  if (isAsAsked(call, edits)) return call.request.body;
  const edited = editBody(call, edits)?.editor.apply();
  const { body } = call.request;
  if (edited === undefined || body.kind !== "whole" || edited === body.bytes) return body;
  return { kind: "whole", bytes: edited };
}

/** Whether nothing has to change; it may be so where this says no. */
function isAsAsked(call: ForwardCall, { model, askUsage, stream = call.isStreamed }: BodyEdits): boolean {
  if (!call.isPlain || call.model !== model) return false;
  if (call.kind === "other") return true;
  return stream === call.isStreamed && !(askUsage && stream && !call.wantsUsage);
}
