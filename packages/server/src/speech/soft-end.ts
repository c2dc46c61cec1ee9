const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/;

/** How much room a character takes: a wide one is about a syllable, and says as much as two or more letters. */
export const toWidth = (character: string): number => (wide.test(character) ? 2 : 1);

/** Where a sentence that has become too long can be cut, best first: behind a mark, then between words. */
const softEnds = [/.*(?:[,;:–—](?=\s)|[，、；：…—])/su, /.*(?=\s)/su];

/** So much of the longest stays at least: shorter pieces sound worse than late ones. */
const keptShare = 0.4;

/** Finds where to cut a sentence that began at `start` and may not go beyond `at`. */
export function findSoftEnd(text: string, start: number, at: number): number {
  const piece = text.slice(start, at);
  // One character more shows what stands behind the last one.
  const shown = text.slice(start, at + 1);
  for (const pattern of softEnds) {
    const length = pattern.exec(shown)?.[0].length ?? 0;
    if (length >= piece.length * keptShare && length <= piece.length) return start + length;
  }
  return findWholeCharacter(text, start, at);
}

/** No character is torn apart, as far as there is a whole one before the place. */
function findWholeCharacter(text: string, start: number, at: number): number {
  let end = at;
  while (end > start + 1 && isInside(text, end)) end--;
  return isInside(text, end) ? at : end;
}

function isInside(text: string, at: number): boolean {
  const isHalf = /[\udc00-\udfff]/.test(text.charAt(at)) && /[\ud800-\udbff]/.test(text.charAt(at - 1));
  return (
    isHalf || /^(?:\p{M}|\u200d|\ufe0f)/u.test(text.slice(at, at + 2)) || text.charAt(at - 1) === "\u200d"
  );
}
