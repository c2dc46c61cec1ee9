import { z } from "zod";

// Both databases must store what one of them takes: Postgres has no NUL, UTF-8 has no lone surrogate.
const isStorable = (text: string) => text.isWellFormed() && !text.includes("\0");

/** Text that every database and every wire carries unharmed. Lengths are characters, as Unicode counts them. */
export const storableText = (charsMax: number, charsMin = 0) =>
  z
    .string()
    .min(charsMin)
    .max(charsMax)
    .refine(isStorable, { error: "contains a NUL or a lone surrogate", abort: true });

// Line separators are no control characters to Unicode, but a line break to whoever prints them.
const breaksLine = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
// U+2800 is a symbol to Unicode, and a blank to the eye.
const visible = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** One line of text: no control characters, no direction overrides, not only blanks. */
export const storableLine = (charsMax: number) =>
  storableText(charsMax, 1).refine((line) => !breaksLine.test(line) && visible.test(line), {
    error: "must be one line with visible characters and no control characters",
  });

/** The longest message of a user, in characters. */
export const messageCharsMax = 1_000_000;
/** The longest title of a conversation, in characters. */
export const titleCharsMax = 500;
/** The longest password, in bytes; longer ones are refused before any hashing. */
export const passwordBytesMax = 1024;
