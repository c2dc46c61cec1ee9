import { Lexer, type Token, type Tokens } from "marked";
import type { ReadDocument, TextBlock } from "../ports.ts";
import { decodeText } from "./decode-text.ts";
import { createHeadingTrail } from "./heading-trail.ts";
import type { ReaderInput } from "./reader-input.ts";
import { requireLength } from "./text-lines.ts";

const kinds: Readonly<Record<string, TextBlock["kind"]>> = {
  heading: "heading",
  list: "list",
  table: "table",
  code: "code",
};

/** Reads Markdown. Its text stays as it was written; headings, lists, tables and code are told apart. */
export function readMarkdown(input: ReaderInput): ReadDocument {
  const text = requireLength(decodeText(input.bytes), input.textCharsMax);
  const body = findBody(text);
  const blocks: TextBlock[] = body === 0 ? [] : [{ start: 0, end: body, kind: "code", headings: [] }];
  // Blocks are all that is asked for: what is inside of a line is never parsed.
  const tokens = new Lexer().blockTokens(text.slice(body), []);
  const trail = createHeadingTrail();
  for (const { token, start, end } of placeTokens(text, body, tokens)) {
    const kind = kinds[token.type] ?? "paragraph";
    // The heading itself stands under those above it, what follows under it.
    if (isHeading(token)) trail.leave(token.depth);
    blocks.push({ start, end, kind, headings: trail.headings });
    if (isHeading(token)) trail.enter(token.depth, toLabel(token.text));
  }
  return { text, blocks };
}

function isHeading(token: Token): token is Tokens.Heading {
  return token.type === "heading";
}

type PlacedToken = { readonly token: Token; readonly start: number; readonly end: number };

/**
 * Finds where tokens stand in the text. Their sources do not always add up to it: marked joins some, and changes blanks at
 * the end of others. One that is not found belongs to the block before it.
 */
function* placeTokens(text: string, from: number, tokens: readonly Token[]): Generator<PlacedToken> {
  let cursor = from;
  let open: { token: Token; start: number } | undefined;
  for (const token of tokens) {
    if (token.type === "space") continue;
    const head = token.raw.trim().slice(0, 80);
    let start = text.indexOf(head, cursor);
    if (start === -1 && open !== undefined) continue;
    if (start === -1) start = cursor + text.slice(cursor).search(/\S/u);
    if (open !== undefined) yield { ...open, end: start };
    open = { token, start };
    cursor = start + head.length;
  }
  if (open !== undefined) yield { ...open, end: text.length };
}

/** Where the text begins behind the block of settings that many pages have in front. */
function findBody(text: string): number {
  const start = /^---[ \t]*\n/u.exec(text)?.[0].length;
  if (start === undefined) return 0;
  const end = /\n---[ \t]*(?:\n|$)/u.exec(text.slice(start - 1));
  return end === null ? 0 : start - 1 + end.index + end[0].length;
}

/** A heading's words without their marks. */
function toLabel(text: string): string {
  return text
    .slice(0, 1000)
    .replaceAll(/!?\[([^[\]]*)\]\([^()]*\)/gu, "$1")
    .replaceAll(/[*_`~]+/gu, "");
}
