import { endsInAbbreviation } from "./abbreviations.ts";
import { findCharacterEnd } from "./break-long.ts";
import type { TextRange } from "./text-range.ts";

const segmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });
// The segmenter takes a copy of what it is given. Paragraphs are shorter; what is longer is given to it in parts.
const windowChars = 32 * 1024;

/**
 * Goes through the sentences of a part of a text, in all scripts that Unicode has rules for. The end of a line is no end
 * of a sentence, and neither is an abbreviation.
 */
export function* toSentences(text: string, range: TextRange): Generator<TextRange> {
  for (const window of toWindows(text, range)) {
    // The rules would end a sentence at every line.
    const flat = text.slice(window.start, window.end).replaceAll("\n", " ");
    let open = 0;
    for (const { index, segment } of segmenter.segment(flat)) {
      const end = index + segment.length;
      if (end < flat.length && endsInAbbreviation(segment)) continue;
      yield { start: window.start + open, end: window.start + end };
      open = end;
    }
  }
}

function* toWindows(text: string, range: TextRange): Generator<TextRange> {
  let { start } = range;
  while (range.end - start > windowChars) {
    const blank = Math.max(
      text.lastIndexOf("\n", start + windowChars - 1),
      text.lastIndexOf(" ", start + windowChars - 1),
    );
    const end =
      blank > start + windowChars / 2 ? blank + 1 : start + findCharacterEnd(text, start, windowChars);
    yield { start, end };
    start = end;
  }
  yield { start, end: range.end };
}
