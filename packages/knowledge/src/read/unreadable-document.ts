/** A document that cannot be read; the message is one sentence for its owner. */
export class UnreadableDocument extends Error {
  override readonly name = "UnreadableDocument";
}

/** The sentence about a document that has more text than the limit. */
export function toTooMuchText(textCharsMax: number): string {
  return `The document has more than ${textCharsMax.toLocaleString("en")} characters of text.`;
}

/** The sentence about a document that took too much memory, whoever noticed it first. */
export const tooMuchMemory = "The document takes too much memory to be read.";
