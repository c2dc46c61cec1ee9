import { deflateSync } from "node:zlib";

/** Text at a place of a page, in points from the lower left corner. */
export type PdfText = {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly size?: number;
};

/** A PDF with these texts on its pages. What is not Latin is written with a font of two bytes a character. */
export function makePdf(pages: readonly (readonly PdfText[])[], trailer = ""): Buffer {
  const characters = [...new Set(pages.flat().flatMap(({ text }) => [...text]))];
  const first = 8;
  const kids = pages.map((_, index) => `${first + index * 2} 0 R`);
  const objects: (string | Buffer)[] = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids.join(" ")}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    "<< /Type /Font /Subtype /Type0 /BaseFont /Wide /Encoding /Identity-H /DescendantFonts [5 0 R] /ToUnicode 7 0 R >>",
    "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Wide /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 6 0 R /DW 1000 >>",
    "<< /Type /FontDescriptor /FontName /Wide /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >>",
    toStream(Buffer.from(toUnicodeMap(characters))),
  ];
  for (const [index, texts] of pages.entries()) {
    const fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>";
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources ${fonts} /Contents ${first + index * 2 + 1} 0 R >>`,
      toStream(Buffer.from(texts.map((text) => toOperators(text, characters)).join("\n"), "latin1")),
    );
  }
  return assemblePdf(objects, trailer);
}

/** A PDF of objects, counted from 1, the first of which is its catalog. */
export function assemblePdf(objects: readonly (string | Buffer)[], trailer = ""): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n")];
  const offsets: number[] = [];
  let length = parts[0]?.length ?? 0;
  const add = (part: string | Buffer) => {
    const bytes = Buffer.from(part);
    parts.push(bytes);
    length += bytes.length;
  };
  for (const [index, object] of objects.entries()) {
    offsets.push(length);
    add(`${index + 1} 0 obj\n`);
    add(object);
    add("\nendobj\n");
  }
  const start = length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  add(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}`);
  add(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\nstartxref\n${start}\n%%EOF\n`);
  return Buffer.concat(parts);
}

/** A packed stream. */
export function toStream(content: Buffer, entries = ""): Buffer {
  const packed = deflateSync(content);
  const head = `<< /Length ${packed.length} /Filter /FlateDecode ${entries} >>\nstream\n`;
  return Buffer.concat([Buffer.from(head), packed, Buffer.from("\nendstream")]);
}

function toOperators({ text, x, y, size = 12 }: PdfText, characters: readonly string[]): string {
  const isLatin = /^[\u0020-\u007E]*$/u.test(text);
  const hex = [...text]
    .map((character) => (characters.indexOf(character) + 1).toString(16).padStart(4, "0"))
    .join("");
  const shown = isLatin ? `(${text.replaceAll(/[\\()]/gu, String.raw`\$&`)})` : `<${hex}>`;
  return `BT /${isLatin ? "F1" : "F2"} ${size} Tf 1 0 0 1 ${x} ${y} Tm ${shown} Tj ET`;
}

function toUnicodeMap(characters: readonly string[]): string {
  const rows: string[] = [];
  for (const [index, character] of characters.entries()) {
    const code = (index + 1).toString(16).padStart(4, "0");
    rows.push(
      `1 beginbfchar\n<${code}> <${Buffer.from(character, "utf16le").swap16().toString("hex")}>\nendbfchar`,
    );
  }
  const head = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def";
  return `${head}\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n${rows.join("\n")}\nendcmap end end`;
}
