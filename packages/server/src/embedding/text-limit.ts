import { estimateTokens } from "../chat/token-estimate.ts";

/** What has been learned of how long a text may be for a model. */
export type TextLimit = {
  /** The text, or the beginning of it that the model is known to take. */
  cut(text: string): string;
  /** A text was too long: the next, shorter one to try; undefined where there is nothing left of it. */
  shorten(text: string): string | undefined;
  /** A text that had been shortened was taken. */
  noteTaken(text: string): void;
};

/** A text of this length that is refused is not refused for its length. */
const charsMin = 32;

/** Creates a limit that knows nothing yet. Tokens are estimated: models count in different ones. */
export function createTextLimit(): TextLimit {
  let refused = Number.POSITIVE_INFINITY;
  let taken = 0;
  return {
    cut(text) {
      // A text has no more tokens than characters: most are far from any limit, and are not counted.
      if (text.length < refused || taken === 0) return text;
      const tokens = estimateTokens(text);
      if (tokens < refused) return text;
      return text.slice(0, Math.max(charsMin, Math.floor((text.length * taken) / tokens)));
    },
    shorten(text) {
      refused = Math.min(refused, estimateTokens(text));
      return text.length <= charsMin ? undefined : text.slice(0, Math.ceil(text.length / 2));
    },
    noteTaken(text) {
      const tokens = estimateTokens(text);
      if (tokens < refused) taken = Math.max(taken, tokens);
    },
  };
}
