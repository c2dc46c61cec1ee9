import { isFields } from "../failure/provider-error.ts";
import { mergeFields, toDraft, toMessage } from "./message-builder.ts";
import { readFrames } from "./read-frames.ts";
import type { ScannedKind, ScannedPiece } from "./scan-progress.ts";

type Fields = Readonly<Record<string, unknown>>;
type Choice = {
  readonly index: number;
  readonly said: Record<string, unknown>;
  rest: Record<string, unknown>;
};

/** Makes one answer of a stream, for a caller who did not ask for one. */
export type CompletionAssembler = {
  /** Takes what the scanner passed on. */
  add(piece: ScannedPiece): void;
  /** The answer in one piece, as JSON; undefined when no frame has come that says what it is. */
  toCompletion(): Buffer | undefined;
};

const choicesMax = 1024;

/** The last event of a response holds all of it. */
function createResponseAssembler(): CompletionAssembler {
  let response: Fields | undefined;
  return {
    add(piece) {
      for (const { value } of readFrames(piece))
        if (isFields(value) && isFields(value["response"])) response = value["response"];
    },
    toCompletion: () => (response === undefined ? undefined : Buffer.from(JSON.stringify(response))),
  };
}

function createChoices(): { find(index: unknown): Choice | undefined; list(): Choice[] } {
  const choices = new Map<number, Choice>();
  return {
    find(index) {
      const number = typeof index === "number" ? index : 0;
      let choice = choices.get(number);
      if (choice === undefined && choices.size < choicesMax)
        choices.set(number, (choice = { index: number, said: toDraft(), rest: toDraft() }));
      return choice;
    },
    list: () => [...choices.values()].toSorted((one, other) => one.index - other.index),
  };
}

/** Creates the assembler of one answer. Ask for usage and do not hide it, so that the answer has it. */
export function createCompletionAssembler(kind: ScannedKind): CompletionAssembler {
  if (kind === "response") return createResponseAssembler();
  const isChat = kind === "chat";
  const choices = createChoices();
  const base = new Map<string, unknown>();

  function addChoice({ index, delta, text, ...rest }: Fields): void {
    const choice = choices.find(index);
    if (choice === undefined) return;
    const said = isChat ? delta : { text };
    if (isFields(said)) mergeFields(choice.said, said);
    choice.rest = mergeFields(choice.rest, rest);
  }

  function addFrame({ choices: brought, ...rest }: Fields): void {
    // The first frame names the answer; what later ones add, usage above all, counts as well.
    for (const [name, value] of Object.entries(rest)) if (value !== null) base.set(name, value);
    if (Array.isArray(brought)) for (const choice of brought) if (isFields(choice)) addChoice(choice);
  }

  function toChoice({ index, said, rest }: Choice): Fields {
    const { finish_reason: reason, logprobs, ...others } = rest;
    const answer = isChat ? { message: toMessage(said) } : { text: said["text"] ?? "" };
    return { index, ...answer, logprobs: logprobs ?? null, ...others, finish_reason: reason ?? "stop" };
  }

  return {
    add(piece) {
      for (const { value } of readFrames(piece)) if (isFields(value)) addFrame(value);
    },
    toCompletion() {
      if (base.size === 0 && choices.list().length === 0) return undefined;
      const { usage, object: _object, obfuscation: _padding, ...rest } = Object.fromEntries(base);
      const object = isChat ? "chat.completion" : "text_completion";
      return Buffer.from(
        JSON.stringify({
          ...rest,
          object,
          choices: choices.list().map(toChoice),
          ...(usage !== undefined && { usage }),
        }),
      );
    },
  };
}
