/** A part of a text, in UTF-16 units. */
export type TextRange = { readonly start: number; readonly end: number };

/** A part of a text without the white space around it; undefined when nothing is left. */
export function trimRange(text: string, start: number, end: number): TextRange | undefined {
  const part = text.slice(start, end);
  const from = part.length - part.trimStart().length;
  if (from === part.length) return undefined;
  return { start: start + from, end: start + part.trimEnd().length };
}
