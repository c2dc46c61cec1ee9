/**
 * Cuts a text in two behind `units` of its UTF-16 code units, or one earlier where that would part a surrogate pair:
 * half a character is not text, and would reach a reader as U+FFFD.
 */
export function splitText(text: string, units: number): readonly [string, string] {
  const isInsidePair = isHigh(text.charCodeAt(units - 1)) && isLow(text.charCodeAt(units));
  const place = isInsidePair ? units - 1 : units;
  return [text.slice(0, place), text.slice(place)];
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
