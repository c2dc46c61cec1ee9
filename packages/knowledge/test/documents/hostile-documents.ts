import { docxParts, makeDocx, paragraph } from "./make-docx.ts";
import { assemblePdf, makePdf, toStream } from "./make-pdf.ts";
import { makeZip } from "./make-zip.ts";

const page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources 3 0 R /Contents 4 0 R >>";
const font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
const catalog = "<< /Type /Catalog /Pages 2 0 R >>";
const oneText = "BT /F1 12 Tf 72 700 Td (text) Tj ET";

/** A PDF whose page draws ten forms, each of which draws ten others, and so on. */
export function pdfOfForms(depth: number): Buffer {
  const first = 7;
  const forms = Array.from({ length: depth }, (_, index) => {
    const isLast = index === depth - 1;
    const resources = isLast ? "" : `/XObject << /X ${first + index + 1} 0 R >>`;
    const entries = `/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 6 0 R >> ${resources} >>`;
    return toStream(Buffer.from(isLast ? oneText : "/X Do ".repeat(10)), entries);
  });
  return assemblePdf([
    catalog,
    "<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
    `<< /XObject << /X ${first} 0 R >> >>`,
    toStream(Buffer.from("/X Do ".repeat(10))),
    page,
    font,
    ...forms,
  ]);
}

/** A PDF whose page has a text of so many bytes, nearly all of them spaces, and is a few kilobytes long. */
export function pdfOfSpaces(bytes: number): Buffer {
  // A run of 128 spaces is two bytes; those are packed once more.
  const runs = Buffer.alloc((bytes / 128) * 2, Buffer.from([129, 32]));
  const stream = toStream(runs);
  const twice = Buffer.from(
    stream.toString("latin1").replace("/FlateDecode", "[/FlateDecode /RunLengthDecode]"),
    "latin1",
  );
  return assemblePdf([
    catalog,
    "<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
    "<< /Font << /F1 6 0 R >> >>",
    twice,
    page,
    font,
  ]);
}

/** A PDF of so many pages, which are all the same one. */
export function pdfOfPages(count: number): Buffer {
  const kids = `<< /Type /Pages /Kids [${"5 0 R ".repeat(count)}] /Count ${count} >>`;
  return assemblePdf([
    catalog,
    kids,
    "<< /Font << /F1 6 0 R >> >>",
    toStream(Buffer.from(oneText)),
    page,
    font,
  ]);
}

/** A PDF with a picture of ten thousand million pixels beside its text. */
export function pdfOfPixels(): Buffer {
  const picture =
    "/Type /XObject /Subtype /Image /Width 100000 /Height 100000 /ColorSpace /DeviceRGB /BitsPerComponent 8";
  return assemblePdf([
    catalog,
    "<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
    "<< /Font << /F1 6 0 R >> /XObject << /P 7 0 R >> >>",
    toStream(Buffer.from(`q 100 0 0 100 0 0 cm /P Do Q ${oneText}`)),
    page,
    font,
    toStream(Buffer.alloc(1_000_000), picture),
  ]);
}

/** A PDF with Latin text, and Chinese text by a table of characters that is not part of it. */
export function pdfOfForeignTable(): Buffer {
  return assemblePdf([
    catalog,
    "<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
    "<< /Font << /F1 6 0 R /F2 7 0 R >> >>",
    toStream(Buffer.from(`${oneText} BT /F2 12 Tf 72 600 Td <d6d0cec4cec4b5b5> Tj ET`)),
    page,
    font,
    "<< /Type /Font /Subtype /Type0 /BaseFont /Wide /Encoding /GBK-EUC-H /DescendantFonts [8 0 R] >>",
    "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Wide /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /DW 1000 >>",
  ]);
}

/** A PDF that opens with a password only. */
export function pdfWithPassword(): Buffer {
  const secret = "ab".repeat(32);
  const encrypt = `/Encrypt << /Filter /Standard /V 1 /R 2 /O <${secret}> /U <${secret}> /P -4 >> /ID [<00> <00>]`;
  return makePdf([[{ text: "secret", x: 72, y: 700 }]], encrypt);
}

/** A Word document whose text unpacks to so many bytes of nothing. */
export function docxOfNothing(bytes: number): Buffer {
  return makeDocx(paragraph(" ".repeat(bytes)));
}

/** A Word document of so many parts. */
export function docxOfParts(count: number): Buffer {
  return makeDocx(
    paragraph("text"),
    Array.from({ length: count }, (_, index) => ({ name: `${index}.xml`, content: "" })),
  );
}

/** A Word document with a sentence of entities, each of which is ten of the next one. */
export function docxOfEntities(): Buffer {
  const entities = Array.from(
    { length: 10 },
    (_, index) => `<!ENTITY e${index} "${`&e${index + 1};`.repeat(10)}">`,
  );
  const type = `<!DOCTYPE w:document [${entities.join("")}<!ENTITY e10 "laugh"><!ENTITY file SYSTEM "file:///etc/passwd">]>`;
  const body = `<w:document xmlns:w="w"><w:body>${paragraph("&e0;&file;")}</w:body></w:document>`;
  return makeZip(docxParts(`<?xml version="1.0"?>${type}${body}`));
}

/** A Word document with so many tables inside of each other. */
export function docxOfTables(depth: number): Buffer {
  return makeDocx(
    "<w:tbl><w:tr><w:tc>".repeat(depth) + paragraph("text") + "</w:tc></w:tr></w:tbl>".repeat(depth),
  );
}

/** A Word document whose directory says that its text is smaller than it is. */
export function docxThatLies(): Buffer {
  const [relations, text] = docxParts(
    `<w:document xmlns:w="w"><w:body>${paragraph("text ".repeat(1000))}</w:body></w:document>`,
  );
  if (relations === undefined || text === undefined) throw new Error("A document has these parts.");
  return makeZip([relations, { ...text, claimedBytes: 10 }]);
}
