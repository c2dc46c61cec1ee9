import type { ReadDocument } from "../ports.ts";
import { createDocxParagraphs } from "./docx-paragraphs.ts";
import { readDocxStyles } from "./docx-styles.ts";
import { createFlowWriter } from "./flow-writer.ts";
import { openPackage, type PackedFile } from "./open-package.ts";
import { readXml } from "./read-xml.ts";
import type { ReaderInput } from "./reader-input.ts";
import { UnreadableDocument } from "./unreadable-document.ts";

/** Reads a Word document: paragraphs, headings by their style, lists, tables, and its notes. Nothing embedded is opened. */
export async function readDocx(input: ReaderInput): Promise<ReadDocument> {
  const packed = await openPackage(input.bytes);
  try {
    const main = await findMainPart(packed);
    const folder = main.slice(0, main.lastIndexOf("/") + 1);
    const styles = await readDocxStyles(packed, `${folder}styles.xml`);
    const flow = createFlowWriter(input.textCharsMax);
    for (const part of [main, `${folder}footnotes.xml`, `${folder}endnotes.xml`]) {
      await readXml(packed, part, createDocxParagraphs(flow, styles));
    }
    return flow.build();
  } finally {
    packed.close();
  }
}

/** The part that the package says is its document. */
async function findMainPart(packed: PackedFile): Promise<string> {
  let target: string | undefined;
  await readXml(packed, "_rels/.rels", {
    onopentag(name, attributes) {
      if (name === "Relationship" && attributes["Type"]?.endsWith("/officeDocument") === true) {
        target ??= attributes["Target"]?.replace(/^\//u, "");
      }
    },
  });
  const part = target ?? "word/document.xml";
  if (!packed.has(part)) throw new UnreadableDocument("The file is not a Word document.");
  return part;
}
