import { Parser } from "htmlparser2";
import type { ReadDocument } from "../ports.ts";
import { decodeText } from "./decode-text.ts";
import { createPageWriter, type PageWriter } from "./html-page-writer.ts";
import { isHidden, skippedTags } from "./html-tags.ts";
import type { ReaderInput } from "./reader-input.ts";
import { requireLength } from "./text-lines.ts";
import { UnreadableDocument } from "./unreadable-document.ts";

// Far more than pages have. The parser's own work for a tag grows with the number of those that are open.
const depthMax = 2000;
const chunkChars = 64 * 1024;

/** Reads a page: its headings, paragraphs, lists, tables and preformatted text, as far as somebody would see them. */
export function readHtml(input: ReaderInput): ReadDocument {
  // Markup is not text, so that a page may have more of it than its text may.
  const source = requireLength(decodeText(input.bytes, findDeclared(input.bytes)), input.textCharsMax * 8);
  const page = createPageWriter(input.textCharsMax);
  const parser = new Parser(createHandler(page), { decodeEntities: true });
  for (let start = 0; start < source.length; start += chunkChars) {
    parser.write(source.slice(start, start + chunkChars));
  }
  parser.end();
  return page.build();
}

/** Passes on what is to be seen. */
function createHandler(page: PageWriter) {
  let depth = 0;
  /** How deep the outermost element lies that is left out; undefined outside of one. */
  let skippedFrom: number | undefined;
  return {
    onopentag(name: string, attributes: Record<string, string>) {
      depth++;
      if (depth > depthMax) throw new UnreadableDocument("The page is nested too deeply to be read.");
      if (skippedFrom !== undefined) return;
      if (skippedTags.has(name) || isHidden(attributes)) skippedFrom = depth;
      else page.open(name);
    },
    onclosetag(name: string) {
      if (skippedFrom === undefined) page.close(name);
      else if (depth === skippedFrom) skippedFrom = undefined;
      depth--;
    },
    ontext(text: string) {
      if (skippedFrom === undefined) page.write(text);
    },
  };
}

/** The encoding that the page names in its head. */
function findDeclared(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 4096)).toString("latin1");
  return /<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{1,40})/iu.exec(head)?.[1];
}
