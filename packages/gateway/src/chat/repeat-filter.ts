import type { AnswerPart } from "../ports.ts";

/** Lets through what a second answer adds to the first. */
export type RepeatFilter = {
  /**
   * Takes parts of the second answer and gives what is new of them. `undefined`: it differs from the first; `given` holds
   * all that it has said so far.
   */
  take(parts: readonly AnswerPart[]): readonly AnswerPart[] | undefined;
  /** All of the first answer has come again. */
  readonly isWhole: boolean;
  /** Everything that was taken before the two parted. */
  readonly given: readonly AnswerPart[];
};

/** Texts and reasoning are compared each for itself: providers interleave them as they like. */
type Side = { readonly sent: string; at: number };

/** Creates the filter in front of a second answer to the same question; `sent` is what the first has said. */
export function createRepeatFilter(sent: { text: string; reasoning: string }): RepeatFilter {
  const sides: Record<AnswerPart["type"], Side> = {
    "text-delta": { sent: sent.text, at: 0 },
    "reasoning-delta": { sent: sent.reasoning, at: 0 },
  };
  const given: AnswerPart[] = [];

  /** What of a text lies behind the end of what was sent; undefined where it is another text. */
  function skip(side: Side, text: string): string | undefined {
    const repeated = Math.min(side.sent.length - side.at, text.length);
    if (!side.sent.startsWith(text.slice(0, repeated), side.at)) return undefined;
    side.at += repeated;
    return text.slice(repeated);
  }

  const isWhole = (): boolean => Object.values(sides).every(({ sent: text, at }) => at === text.length);

  return {
    given,
    get isWhole() {
      return isWhole();
    },
    take(parts) {
      given.push(...parts);
      const fresh: AnswerPart[] = [];
      for (const part of parts) {
        const rest = skip(sides[part.type], part.text);
        if (rest === undefined) return undefined;
        // Anything new before all of the old has come again would stand in the wrong place.
        if (rest !== "" && !isWhole()) return undefined;
        if (rest !== "") fresh.push({ type: part.type, text: rest });
      }
      return fresh;
    },
  };
}
