import { repeatedCharsMin } from "../join/continued-join.ts";
import type { AnswerPart } from "../ports.ts";

/** How much of the old text may come again: `whole`, only all of it; `tail`, also no more than its end. */
export type SeamRepeats = "whole" | "tail";

/** Lets through what is new of an answer that goes on behind a text that was said before. */
export type SeamFilter = {
  /** Takes parts and gives those that are to be passed on now. */
  take(parts: readonly AnswerPart[]): readonly AnswerPart[];
  /** The answer has ended well: gives what was held back. */
  end(): readonly AnswerPart[];
};

/** One place of the old text from which on it may be said again, as far as that has come true. */
type Repeat = { readonly start: number; readonly length: number };

/** Of more than this only all of it is looked for. */
const tailCharsMax = 400;

/**
 * Creates the filter. Models that are to go on say some of what they said once more, or all of it: what comes is held
 * back as long as it could be that, swallowed where it was, the longest repeat first, and passed on where it was not.
 */
export function createSeamFilter(said: string, repeats: SeamRepeats): SeamFilter {
  let open = findStarts(said, repeats);
  let held = "";
  /** How much of what is held is known to be a repeat. */
  let repeated = 0;

  function settle(): readonly AnswerPart[] {
    const text = held.slice(repeated);
    open = [];
    held = "";
    return text === "" ? [] : [{ type: "text-delta", text }];
  }

  function takeText(text: string): readonly AnswerPart[] {
    if (open.length === 0) return [{ type: "text-delta", text }];
    const at = held.length;
    held += text;
    const alive: Repeat[] = [];
    for (const repeat of open) {
      const rest = repeat.length - at;
      const isWhole = text.length >= rest;
      if (!said.startsWith(isWhole ? text.slice(0, rest) : text, repeat.start + at)) continue;
      if (isWhole) repeated = Math.max(repeated, repeat.length);
      else alive.push(repeat);
    }
    open = alive;
    return alive.length === 0 ? settle() : [];
  }

  return {
    take: (parts) => parts.flatMap((part) => (part.type === "text-delta" ? takeText(part.text) : [part])),
    end: () => (open.length === 0 ? [] : settle()),
  };
}

/** Where the old text may be begun again: at its beginning, and within its end. */
function findStarts(said: string, repeats: SeamRepeats): Repeat[] {
  const last = said.length - repeatedCharsMin;
  if (last < 0) return [];
  const starts: Repeat[] = [{ start: 0, length: said.length }];
  if (repeats === "whole") return starts;
  for (let start = Math.max(1, said.length - tailCharsMax); start <= last; start++) {
    starts.push({ start, length: said.length - start });
  }
  return starts;
}
