import { isSentenceDot } from "./abbreviations.ts";
import { findSoftEnd, toWidth } from "./soft-end.ts";

/** Cuts a text that comes in pieces into sentences; put together again they are the text. */
export type SentenceCutter = {
  /** Takes a piece, and gives the sentences that are complete with it. */
  push(piece: string): string[];
  /**
   * Gives what looks complete, though the next word would have to show it: for a pause in which nothing comes. A number
   * or an abbreviation may still go on behind its dot, and is waited for.
   */
  settle(): string[];
  /** Gives the rest. */
  end(): string[];
};

/** How long a sentence may become; a wide character (Chinese, Japanese, Korean) counts twice. */
export type SentenceLimits = {
  /** The first one: whoever listens waits for it. @default 100 */
  readonly firstWidthMax?: number;
  /** @default 240 */
  readonly widthMax?: number;
};

const wideEnds = /[。！？｡]+/y;
const plainEnds = /[.!?]+/y;
/** What belongs to the sentence that it stands behind. */
const closers = /["'”’»)\]}」』）》】*_~`]*/y;
const blanks = /[^\S\n]*\n?/y;
const wideCharacter = /[\u2e80-\u9fff\uac00-\ud7af\uff00-\uff60]/;

/** Creates a cutter for one text. */
export function createSentenceCutter(limits: SentenceLimits = {}): SentenceCutter {
  const { firstWidthMax = 100, widthMax = 240 } = limits;
  let text = "";
  let isFirst = true;

  function take(): string[] {
    const sentences: string[] = [];
    let start = 0;
    for (;;) {
      const end = findEnd(text, start, isFirst ? firstWidthMax : widthMax);
      if (end === undefined) break;
      sentences.push(text.slice(start, end));
      isFirst = false;
      start = end;
    }
    text = text.slice(start);
    return sentences;
  }

  function takeAll(): string[] {
    const rest = text;
    text = "";
    isFirst = false;
    return rest === "" ? [] : [rest];
  }

  return {
    push(piece) {
      text += piece;
      return take();
    },
    settle: () => (looksComplete(text) ? takeAll() : []),
    end: takeAll,
  };
}

/** Where the sentence ends that begins at `start`; undefined where that is not known yet. */
function findEnd(text: string, start: number, widthMax: number): number | undefined {
  let width = 0;
  let hasWords = false;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (width >= widthMax) return findSoftEnd(text, start, at);
    width += toWidth(character);
    if (character === "\n" && hasWords) return at + 1;
    if (/\s/.test(character)) continue;
    const end = findMark(text, start, at);
    if (end === "unknown") return undefined;
    if (end !== undefined && hasWords) return end;
    hasWords = true;
  }
  return undefined;
}

/** Where the sentence ends whose mark stands at `at`; undefined for a character that is none, or does not end it. */
function findMark(text: string, start: number, at: number): number | "unknown" | undefined {
  const wide = passOver(wideEnds, text, at);
  if (wide > at) return passOver(blanks, text, passOver(closers, text, wide));
  const plain = passOver(plainEnds, text, at);
  if (plain === at) return undefined;
  const closed = passOver(closers, text, plain);
  if (closed === text.length) return "unknown";
  const next = text.charAt(closed);
  if (wideCharacter.test(next)) return closed;
  if (!/\s/.test(next)) return undefined;
  const isDot = text.slice(at, plain) === ".";
  return isDot && !isSentenceDot(text, start, at) ? undefined : passOver(blanks, text, closed);
}

function passOver(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}

function looksComplete(text: string): boolean {
  const ending = /([.!?]+)["'”’»)\]}*_~`]*\s*$/.exec(text);
  if (ending === null) return false;
  const isDot = ending[1] === ".";
  return !isDot || (isSentenceDot(text, 0, ending.index) && !/\d/.test(text.charAt(ending.index - 1)));
}
