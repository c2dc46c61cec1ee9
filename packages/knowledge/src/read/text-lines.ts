import { toTooMuchText, UnreadableDocument } from "./unreadable-document.ts";

/** A line of a text, without its end. */
export type TextLine = { readonly start: number; readonly end: number };

/** Goes through the lines of a part of a text. */
export function* toLines(text: string, start = 0, end = text.length): Generator<TextLine> {
  let from = start;
  while (from < end) {
    const found = text.indexOf("\n", from);
    const to = found === -1 || found > end ? end : found;
    yield { start: from, end: to };
    from = to + 1;
  }
}

/** Tells whether nothing but white space stands between two places of a text. */
export function isBlank(text: string, start: number, end: number): boolean {
  return text.slice(start, end).trim() === "";
}

/** Guards the length of a text that is taken over as it is. @throws UnreadableDocument when it has too much. */
export function requireLength(text: string, textCharsMax: number): string {
  if (text.length > textCharsMax) throw new UnreadableDocument(toTooMuchText(textCharsMax));
  return text;
}
