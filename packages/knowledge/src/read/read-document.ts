import type { DocumentKind, ReadDocument } from "../ports.ts";
import type { ReaderInput } from "./reader-input.ts";
import { tooMuchMemory, UnreadableDocument } from "./unreadable-document.ts";

type Reader = (input: ReaderInput) => ReadDocument | Promise<ReadDocument>;

/** The reader of each kind. A library is loaded with the first document that needs it. */
const readers: Readonly<Record<DocumentKind, () => Promise<Reader>>> = {
  text: async () => (await import("./read-text.ts")).readText,
  markdown: async () => (await import("./read-markdown.ts")).readMarkdown,
  html: async () => (await import("./read-html.ts")).readHtml,
  pdf: async () => (await import("./read-pdf.ts")).readPdf,
  docx: async () => (await import("./read-docx.ts")).readDocx,
  csv: async () => (await import("./read-csv.ts")).readCsv,
  json: async () => (await import("./read-json.ts")).readJson,
  code: async () => (await import("./read-text.ts")).readCode,
};

/**
 * Reads a document in this process, which has to be one that may be killed.
 *
 * @throws UnreadableDocument whatever is wrong with the document.
 */
export async function readDocument(kind: DocumentKind, input: ReaderInput): Promise<ReadDocument> {
  const read = await readers[kind]();
  const document = await readOrExplain(read, input);
  if (document.text.trim() === "") throw new UnreadableDocument("The document has no text.");
  return document;
}

async function readOrExplain(read: Reader, input: ReaderInput): Promise<ReadDocument> {
  try {
    return await read(input);
  } catch (error) {
    throw toUnreadable(error);
  }
}

/** Parsers fail in ways of their own at what nobody writes on purpose. */
function toUnreadable(error: unknown): UnreadableDocument {
  if (error instanceof UnreadableDocument) return error;
  const message = error instanceof Error ? error.message : "";
  if (/call stack/iu.test(message)) {
    return new UnreadableDocument("The document is nested too deeply to be read.", { cause: error });
  }
  if (/allocation failed|invalid (?:string|array|typed array) length|larger than/iu.test(message)) {
    return new UnreadableDocument(tooMuchMemory, { cause: error });
  }
  return new UnreadableDocument("The document is damaged, or is not what its name says.", { cause: error });
}
