import { makeZip, type ZipPart } from "./make-zip.ts";

const namespace = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
const officeDocument = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument";

const styles = `<?xml version="1.0"?><w:styles ${namespace}>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/><w:basedOn w:val="berschrift1"/></w:style>
<w:style w:type="paragraph" w:styleId="Eigene"><w:name w:val="Meine"/><w:basedOn w:val="berschrift2"/></w:style>
</w:styles>`;

/** A Word document with this between the tags of its body. */
export function makeDocx(body: string, parts: readonly ZipPart[] = []): Buffer {
  return makeZip([
    ...docxParts(`<?xml version="1.0"?><w:document ${namespace}><w:body>${body}</w:body></w:document>`),
    ...parts,
  ]);
}

/** The parts of a Word document, with this as the whole of the main one. */
export function docxParts(document: string): ZipPart[] {
  return [
    {
      name: "_rels/.rels",
      content: `<Relationships><Relationship Id="r" Type="${officeDocument}" Target="word/document.xml"/></Relationships>`,
    },
    { name: "word/document.xml", content: document },
    { name: "word/styles.xml", content: styles },
  ];
}

/** A paragraph of a Word document. */
export function paragraph(text: string, properties = ""): string {
  return `<w:p><w:pPr>${properties}</w:pPr><w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;
}

/** A paragraph with a style. */
export function styled(style: string, text: string): string {
  return paragraph(text, `<w:pStyle w:val="${style}"/>`);
}

/** A table of a Word document. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]) => row.map((cell) => `<w:tc>${paragraph(cell)}</w:tc>`).join("");
  return `<w:tbl>${rows.map((row) => `<w:tr>${cells(row)}</w:tr>`).join("")}</w:tbl>`;
}
