/** Makes of an answer's text, sentence by sentence, what is to be said of it. */
export type SpokenText = {
  /** What is said of the next sentence; empty where there is nothing to say. */
  next(sentence: string): string;
};

type Replacement = readonly [pattern: RegExp, by: string];

/** Marks of Markdown and HTML, and what is said in their place. Their order matters. */
const marks: readonly Replacement[] = [
  // Pictures and links: their words. Bare addresses: the host.
  [/!?\[([^\]]*)\]\([^)\s]*(?:\s+"[^"]*")?\)/g, "$1"],
  [/<?\bhttps?:\/\/(?:www\.)?([^\s/?#)>\]，。、]+)[^\s)>\]，。、]*>?/gi, "$1"],
  [/\[\^?[\w-]{1,16}\](?!\()/g, ""],
  [/<\/?[a-z][^<>]*>/gi, " "],
  // What stands at the beginning of a line: headings, quotations, items, boxes of items.
  [/^[^\S\n]*(?:>[^\S\n]*)+/gm, ""],
  [/^[^\S\n]*#{1,6}[^\S\n]+/gm, ""],
  [/^[^\S\n]*[-*+•][^\S\n]+(?:\[[ xX]\][^\S\n]+)?/gm, ""],
  // Lines that draw: rules, and what stands below the head of a table.
  [/^[^\S\n]*(?:[-*_=][^\S\n]*){3,}$/gm, ""],
  [/^[^\S\n]*\|?(?:[^\S\n]*:?-{2,}:?[^\S\n]*\|?)+[^\S\n]*$/gm, ""],
  // Cells of tables.
  [/^[^\S\n]*\||\|[^\S\n]*$/gm, ""],
  [/[^\S\n]*\|[^\S\n]*/g, ", "],
  // Emphasis; a star between blanks is a sign of its own, and so is a line within a name.
  [/\*\*|__|~~|`+/g, ""],
  [/(?<!\S)[*_](?=\S)|(?<=[^\s\\])[*_](?!\w)/g, ""],
  [/\\([\\`*_{}[\]()#+\-.!|>~$])/g, "$1"],
];

/** Pictures, with what chooses among their forms; © and its like are characters of texts. */
const pictures =
  /(?![©®™])(?:\p{Extended_Pictographic}|\p{Emoji_Presentation}|\p{Regional_Indicator}|\p{Emoji_Modifier})/gu;
/** What joins and colours them, and chooses whether they are pictures. */
const joiners = /\u{fe0e}|\u{fe0f}|\u{200d}|\u{20e3}|[\u{e0020}-\u{e007f}]/gu;

const fence = /^[^\S\n]*(?:```|~~~)/;

/**
 * Creates it for one answer: marks of Markdown, pictures and code in blocks are not read out. A sentence is expected not
 * to go beyond its line, as the cutter gives them.
 */
export function createSpokenText(): SpokenText {
  let isCode = false;

  return {
    next(sentence) {
      const lines = sentence.split("\n").filter((line) => {
        const isFence = fence.test(line);
        if (isFence) isCode = !isCode;
        return !isFence && !isCode;
      });
      return toSpoken(lines.join("\n"));
    },
  };
}

function toSpoken(text: string): string {
  const plain = marks.reduce((said, [pattern, by]) => said.replaceAll(pattern, by), text);
  const said = plain.replaceAll(pictures, " ").replaceAll(joiners, "").replaceAll(/\s+/g, " ").trim();
  return /[\p{L}\p{N}]/u.test(said) ? said : "";
}
