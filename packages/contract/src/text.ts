import { z } from "zod";

// Both databases must store what one of them takes: Postgres has no NUL, UTF-8 has no lone surrogate.
const isStorable = (text: string) => text.isWellFormed() && !text.includes("\0");

/** Text that every database and every wire carries unharmed. Lengths are UTF-16 code units. */
export const storableText = (charsMax: number, charsMin = 0) =>
  z
    .string()
    .min(charsMin)
    .max(charsMax)
    .refine(isStorable, { error: "contains a NUL or a lone surrogate", abort: true });

/** One line of text: no control characters, no direction overrides, not only blanks. */
export const storableLine = (charsMax: number) =>
  storableText(charsMax, 1).refine((line) => !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(line) && line.trim() !== "", {
    error: "must be one line with visible characters and no control characters",
  });

/** The longest message of a user, in characters. */
export const messageCharsMax = 1_000_000;
/** The longest title of a conversation, in characters. */
export const titleCharsMax = 500;
/** The longest password, in bytes; longer ones are refused before any hashing. */
export const passwordBytesMax = 1024;
