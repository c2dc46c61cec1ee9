import type { WireMessage, WirePart } from "@llm-backend/contract";

/** What a message costs beside its text: role and separators. */
const messageOverhead = 4;

/**
 * Estimates the tokens of a text, on the high side for the tokenizers in use: four ASCII characters are about one
 * token, characters of other scripts about one each.
 */
export function estimateTokens(text: string): number {
  let others = 0;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) others++;
  return Math.ceil((text.length - others) / 4 + others);
}

/** Estimates the tokens of a message of a prompt. */
export function estimateMessageTokens(message: { readonly content: string }): number {
  return estimateTokens(message.content) + messageOverhead;
}

/** Estimates the tokens of a question by its texts; images in it are not counted. */
export function estimateQuestionTokens(messages: readonly WireMessage[]): number {
  let tokens = 0;
  for (const { content } of messages) {
    const texts = typeof content === "string" ? [content] : content.map(toText);
    for (const text of texts) tokens += estimateTokens(text);
    tokens += messageOverhead;
  }
  return tokens;
}

const toText = (part: WirePart): string => (part.type === "text" ? part.text : "");
