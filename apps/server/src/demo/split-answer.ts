const piecesMax = 250;

/** Cuts a text into words with the blanks before them; joined, the pieces are the text. No character is cut in two. */
export function splitAnswer(text: string): string[] {
  const words: string[] = [];
  let blanks = "";
  for (const { segment } of new Intl.Segmenter("zh", { granularity: "word" }).segment(text)) {
    if (/^\s+$/u.test(segment)) {
      blanks += segment;
      continue;
    }
    words.push(blanks + segment);
    blanks = "";
  }
  if (blanks !== "") words.push(blanks);
  return joinWords(words);
}

/** Long texts come in larger pieces, so that none takes longer than a few seconds. */
function joinWords(words: readonly string[]): string[] {
  const wordsPerPiece = Math.max(1, Math.ceil(words.length / piecesMax));
  const pieces: string[] = [];
  for (let index = 0; index < words.length; index += wordsPerPiece) {
    pieces.push(words.slice(index, index + wordsPerPiece).join(""));
  }
  return pieces;
}
