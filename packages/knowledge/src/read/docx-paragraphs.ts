import { toOutlineLevel, type DocxStyles } from "./docx-styles.ts";
import type { FlowWriter, OpenBlock } from "./flow-writer.ts";
import type { XmlHandler } from "./read-xml.ts";

/** A paragraph while it is read. Text boxes have paragraphs inside of paragraphs. */
type OpenParagraph = { level: number | undefined; isItem: boolean; readonly parts: string[] };

/** What is no text of the document as it is printed: deleted, a field's formula, the older form of a drawing, a reading aid. */
const skipped: ReadonlySet<string> = new Set(["del", "moveFrom", "instrText", "Fallback", "rt", "pict"]);

const characters: ReadonlyMap<string, string> = new Map([
  ["tab", "\t"],
  ["br", "\n"],
  ["cr", "\n"],
  ["noBreakHyphen", "-"],
]);

/** Makes blocks of the elements of a Word document's part. */
export function createDocxParagraphs(flow: FlowWriter, styles: DocxStyles): XmlHandler {
  const open: OpenParagraph[] = [];
  let skippedDepth = 0;
  let isText = false;
  let isHidden = false;
  /** Properties of a paragraph hold those of its mark. */
  let propertyDepth = 0;

  const setProperty = (name: string, attributes: Readonly<Record<string, string>>) => {
    const top = open.at(-1);
    const value = attributes["w:val"] ?? "";
    if (name === "vanish") isHidden = value !== "0" && value !== "false";
    if (top === undefined) return;
    if (name === "pStyle") top.level ??= styles.get(value);
    else if (name === "outlineLvl") top.level = toOutlineLevel(value) ?? top.level;
    else if (name === "numPr") top.isItem = true;
  };
  const opening = new Map<string, () => void>([
    ["p", () => void open.push({ level: undefined, isItem: false, parts: [] })],
    ["r", () => void (isHidden = false)],
    ["t", () => void (isText = true)],
    ["tbl", () => flow.beginTable()],
    ["tr", () => flow.beginRow()],
    ["tc", () => flow.beginCell()],
  ]);
  const closing = new Map<string, () => void>([
    ["t", () => void (isText = false)],
    ["tbl", () => flow.endTable()],
    ["p", () => writeParagraph(flow, open.pop())],
  ]);

  return {
    onopentag(name, attributes) {
      if (skippedDepth > 0 || skipped.has(name)) skippedDepth++;
      else if (isProperties(name)) propertyDepth++;
      else if (propertyDepth > 0) setProperty(name, attributes);
      else if (!characters.has(name)) opening.get(name)?.();
      else if (!isHidden) open.at(-1)?.parts.push(characters.get(name) ?? "");
    },
    onclosetag(name) {
      if (skippedDepth > 0) skippedDepth--;
      else if (isProperties(name)) propertyDepth--;
      else if (propertyDepth === 0) closing.get(name)?.();
    },
    ontext(text) {
      if (isText && !isHidden && skippedDepth === 0) open.at(-1)?.parts.push(text);
    },
  };
}

function isProperties(name: string): boolean {
  return name === "pPr" || name === "rPr";
}

function writeParagraph(flow: FlowWriter, paragraph: OpenParagraph | undefined): void {
  if (paragraph === undefined) return;
  flow.begin(toBlock(paragraph));
  flow.write(paragraph.parts.join(""));
  flow.end();
}

function toBlock({ level, isItem }: OpenParagraph): OpenBlock {
  if (level !== undefined) return { kind: "heading", level };
  return isItem ? { kind: "item", mark: "-" } : { kind: "paragraph" };
}
