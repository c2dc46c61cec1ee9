/** Something that was said: by the user, or as an answer. */
export type Said = {
  readonly role: "user" | "assistant";
  readonly text: string;
  /** The turn that the engine counts it to. */
  readonly turnId?: string | undefined;
};

/** Something that was said, as it is remembered. */
export type Turn = Said & {
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** Of an answer that may be under way still: the request that it answers. */
  readonly requestId?: string | undefined;
};

/** What is longer is cut when it is remembered: nobody says so much at once. */
export const textCharsMax = 8000;

/** What of a text counts when it is compared: neither blanks, nor case, nor what stands between words. */
export function toComparable(whole: string): string {
  const text = whole.slice(0, textCharsMax);
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "") || text.trim();
}
