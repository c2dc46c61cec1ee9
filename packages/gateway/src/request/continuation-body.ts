import type { ForwardBody, ForwardCall } from "../forward/forward-ports.ts";
import type { PrefillDialect } from "../upstream.ts";
import { locateFields, readField, type FieldRange } from "./json-fields.ts";
import { walkMembers, type MemberRange } from "./json-members.ts";
import { editBody, type BodyEdits } from "./upstream-body.ts";

/** What a chat is continued with. */
export type ContinuationEdits = BodyEdits & {
  /** The answer's text so far. */
  readonly text: string;
  readonly dialect: PrefillDialect;
};

/** What marks a message as the beginning of the answer, by dialect. */
export const prefillFlags = {
  plain: {},
  prefix: { prefix: true },
  partial: { partial: true },
  final_message: {},
} as const;
/** Both are needed: a server takes the generation prompt for wanted unless it is told otherwise. */
export const finalMessageFlags = { add_generation_prompt: false, continue_final_message: true } as const;

/** Where one more message goes; undefined where the last one is an assistant's already, or they are no list. */
function findEnd(bytes: Buffer, messages: FieldRange): number | undefined {
  if (bytes[messages.valueStart] !== 0x5b) return undefined;
  let last: MemberRange | undefined;
  const { close } = walkMembers(bytes, messages.valueStart, (member) => {
    last = member;
  });
  if (close === -1 || last === undefined) return undefined;
  const lastBytes = bytes.subarray(last.valueStart, last.valueEnd);
  const role = readField(lastBytes, locateFields(lastBytes, ["role"])?.find("role"));
  if (role === undefined || role === "assistant") return undefined;
  return close;
}

/**
 * The chat's body with the answer so far as the last message. Undefined when it cannot be continued: no chat, no text, no
 * list of messages, or one that ends with an assistant's message already.
 */
export function toContinuationBody(call: ForwardCall, edits: ContinuationEdits): ForwardBody | undefined {
  if (call.kind !== "chat" || edits.text === "") return undefined;
  const names = ["messages", ...Object.keys(finalMessageFlags)];
  const edited = editBody(call, edits, names);
  const messages = edited?.layout.find("messages");
  if (edited === undefined || messages === undefined) return undefined;
  const end = findEnd(edited.bytes, messages);
  if (end === undefined) return undefined;
  const message = JSON.stringify({ role: "assistant", content: edits.text, ...prefillFlags[edits.dialect] });
  edited.editor.leaveOne("messages");
  edited.editor.insert(end, `,${message}`);
  if (edits.dialect === "final_message")
    for (const [name, flag] of Object.entries(finalMessageFlags)) edited.editor.set(name, String(flag));
  return { kind: "whole", bytes: edited.editor.apply() };
}
