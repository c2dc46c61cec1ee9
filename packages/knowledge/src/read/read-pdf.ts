import { getDocumentProxy } from "unpdf";
import type { ReadDocument } from "../ports.ts";
import { createCharacterMaps, type CharacterMaps } from "./character-maps.ts";
import { orderSegments } from "./order-segments.ts";
import { toPdfLines, withoutRunningLines, type PdfLine } from "./pdf-lines.ts";
import { addPdfLines } from "./pdf-paragraphs.ts";
import { toSegments, type PdfItem } from "./pdf-segments.ts";
import type { ReaderInput } from "./reader-input.ts";
import { createTextBuilder } from "./text-builder.ts";
import { toTooMuchText, UnreadableDocument } from "./unreadable-document.ts";

const pagesMax = 20_000;

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Reads the text of a PDF, page by page. Its pictures, scripts, forms and attachments are never decoded. */
export async function readPdf(input: ReaderInput): Promise<ReadDocument> {
  const maps = createCharacterMaps();
  const document = await open(input.bytes, maps);
  try {
    if (document.numPages > pagesMax) throw new UnreadableDocument("The document has too many pages.");
    const pages: PdfLine[][] = [];
    let chars = 0;
    for (let number = 1; number <= document.numPages; number++) {
      const lines = await readPage(document, number);
      for (const { text } of lines) chars += text.length;
      if (chars > input.textCharsMax) throw new UnreadableDocument(toTooMuchText(input.textCharsMax));
      pages.push(lines);
    }
    requireAllMaps(maps);
    if (chars === 0) throw new UnreadableDocument("The document has no text: its pages seem to be pictures.");
    const builder = createTextBuilder(input.textCharsMax);
    addPdfLines(builder, withoutRunningLines(pages));
    return builder.build();
  } finally {
    await document.loadingTask.destroy();
  }
}

async function open(bytes: Uint8Array, maps: CharacterMaps): Promise<PdfDocument> {
  try {
    return await getDocumentProxy(bytes, {
      enableXfa: false,
      disableFontFace: true,
      useSystemFonts: false,
      useWorkerFetch: false,
      BinaryDataFactory: maps.Factory,
      cMapPacked: true,
      // Pictures with more pixels than this are left out, even where something would ask for them.
      maxImageSize: 1,
      verbosity: 0,
    });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException") {
      throw new UnreadableDocument("The document is protected by a password.", { cause: error });
    }
    throw error;
  }
}

/** Half of a document does not pass for the whole. */
function requireAllMaps({ missing }: CharacterMaps): void {
  const [name] = missing;
  if (name === undefined) return;
  throw new UnreadableDocument(
    `Some of the document's text cannot be read: its fonts use the character table ${name}, which is not installed.`,
  );
}

async function readPage(document: PdfDocument, number: number): Promise<PdfLine[]> {
  const page = await document.getPage(number);
  const content = await page.getTextContent();
  const items = content.items.filter((item): item is typeof item & PdfItem => "str" in item);
  page.cleanup();
  const { segments, isUpright } = toSegments(items);
  return toPdfLines(isUpright ? orderSegments(segments) : segments, number);
}
