import type { AnswerPart } from "../ports.ts";

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;

/** Gathers what one read brought, so that it travels as one list of parts. */
export type PartBuffer = {
  readonly add: (type: AnswerPart["type"], text: string) => void;
  /** Hands out what was gathered since the last call: neighbours of one kind joined, all text well-formed. */
  readonly take: () => readonly AnswerPart[];
  /** No text follows: what was held back goes out too. */
  readonly flush: () => void;
};

const none: readonly AnswerPart[] = [];

/**
 * Creates the buffer of one answer. Half of a surrogate pair at the end of a piece waits for the next piece of its kind;
 * a half that finds no other becomes U+FFFD, as it would in any UTF-8.
 */
export function createPartBuffer(): PartBuffer {
  const held = { "text-delta": "", "reasoning-delta": "" };
  let pieces: string[] = [];
  let type: AnswerPart["type"] = "text-delta";
  let parts: AnswerPart[] | undefined;

  function close(): void {
    if (pieces.length === 0) return;
    // Joining copies: a piece that is a slice of what the socket brought would keep all of that in memory.
    const text = pieces.length === 1 ? (pieces[0] ?? "") : pieces.join("");
    pieces = [];
    (parts ??= []).push({ type, text: text.isWellFormed() ? text : text.toWellFormed() });
  }

  function push(kind: AnswerPart["type"], text: string): void {
    if (text === "") return;
    if (kind !== type) close();
    type = kind;
    pieces.push(text);
  }

  return {
    add(kind, piece) {
      const text = held[kind] === "" ? piece : held[kind] + piece;
      if (text === "") return;
      const isOpen = isHighSurrogate(text.charCodeAt(text.length - 1));
      held[kind] = isOpen ? text.slice(-1) : "";
      push(kind, isOpen ? text.slice(0, -1) : text);
    },
    take() {
      close();
      const taken = parts ?? none;
      parts = undefined;
      return taken;
    },
    flush() {
      push("reasoning-delta", held["reasoning-delta"]);
      push("text-delta", held["text-delta"]);
      held["reasoning-delta"] = "";
      held["text-delta"] = "";
    },
  };
}
