import { z } from "zod";

// Every schema here fails with one sentence that names all it expects, whichever of its rules was broken.

/** A whole number. */
export function whole(least: number, most: number) {
  const error = `expected a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** A number of units; parts of a unit are allowed. */
export function amount(least: number, most: number, unit: string) {
  const error = `expected a number of ${unit} from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}

/** A length of time in seconds. */
export function seconds(least: number, most: number) {
  return amount(least, most, "seconds");
}

/** A yes or no. */
export function flag() {
  return z.boolean({ error: "expected true or false" });
}

/** One of a few words. */
export function oneOf<const TWord extends string>(words: readonly [TWord, ...TWord[]]) {
  return z.enum(words, { error: `expected one of ${words.join(", ")}` });
}

/** Text of one line, not empty. */
export function line(charsMax: number) {
  const error = `expected one line of 1 to ${charsMax} characters`;
  return z
    .string({ error })
    .regex(/^\P{Cc}+$/u, { error })
    .max(charsMax, { error });
}

/** Any text, also an empty one. */
export function text(charsMax: number) {
  const error = `expected text of at most ${charsMax} characters`;
  return z.string({ error }).max(charsMax, { error });
}

/** The path of a file or a folder. */
export function path(what: string) {
  const error = `expected the path of ${what}`;
  return z
    .string({ error })
    .min(1, { error })
    .refine((value) => !value.includes("\0") && !/^[a-z][a-z0-9+.-]*:\/\//i.test(value), { error });
}

/** A list. */
export function list<TItem extends z.ZodType>(item: TItem) {
  return z.array(item, { error: "expected a list" });
}

/** A group of keys; keys that it does not know are mistakes. */
export function section<TShape extends z.ZodRawShape>(shape: TShape) {
  return z.strictObject(shape, { error: "expected keys with values" });
}

/** A map with names of the operator's choice. */
export function named<TItem extends z.ZodType>(item: TItem) {
  return z.record(line(256), item, { error: "expected names with values" });
}
