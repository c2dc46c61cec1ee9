import { estimateTokens } from "../chat/token-estimate.ts";

/** Looks through a text as it comes. */
export type TextCheck = {
  /** Takes the next bytes; false when this is no text. */
  take(chunk: Uint8Array): boolean;
  /** Takes the end; false when the text breaks off in the middle of a character. */
  end(): boolean;
  /** What the text so far costs in a prompt, as far as we can tell. */
  readonly tokens: number;
};

/** Creates a check for one text: valid UTF-8 without NUL. */
export function createTextCheck(): TextCheck {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let tokens = 0;
  const decode = (chunk?: Uint8Array): boolean => {
    try {
      const text = chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
      tokens += estimateTokens(text);
      return true;
    } catch {
      return false;
    }
  };
  return {
    take: (chunk) => !chunk.includes(0) && decode(chunk),
    end: () => decode(),
    get tokens() {
      return tokens;
    },
  };
}
