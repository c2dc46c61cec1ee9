import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  docxOfEntities,
  docxOfNothing,
  docxOfParts,
  docxOfTables,
  docxThatLies,
  pdfOfForeignTable,
  pdfOfForms,
  pdfOfPages,
  pdfOfPixels,
  pdfOfSpaces,
  pdfWithPassword,
} from "../documents/hostile-documents.ts";
import { makeDocx, paragraph } from "../documents/make-docx.ts";
import { makePdf } from "../documents/make-pdf.ts";
import { startReading, toWholeText, type Reading } from "../documents/reading.ts";

let reading: Reading;
beforeAll(async () => {
  reading = await startReading({
    limits: { seconds: 15, memoryBytes: 300 * 1024 * 1024, textCharsMax: 2_000_000 },
    processesMax: 2,
  });
});
afterAll(() => reading[Symbol.asyncDispose]());

function unreadable(sentence: string) {
  return expect.objectContaining({
    code: "document_unreadable",
    message: expect.stringContaining(sentence) as string,
  }) as unknown;
}

describe("a document that cannot be read fails with a sentence for its owner", () => {
  const small = makeDocx(paragraph("text"));
  it.each([
    [
      "a Word document that unpacks to far more",
      "a.docx",
      docxOfNothing(16_000_000),
      "far larger when unpacked",
    ],
    ["a Word document of endless parts", "a.docx", docxOfParts(10_001), "too many parts"],
    ["a Word document of entities", "a.docx", docxOfEntities(), "defines entities"],
    ["a Word document of tables in tables", "a.docx", docxOfTables(1000), "nested too deeply"],
    ["a Word document that lies about its size", "a.docx", docxThatLies(), "damaged"],
    ["half of a Word document", "a.docx", small.subarray(0, small.length / 2), "damaged"],
    ["a packed file that is no Word document", "a.docx", Buffer.from("504b0304", "hex"), "damaged"],
    ["a page of elements in elements", "a.html", "<div>".repeat(100_000), "nested too deeply"],
    ["JSON of arrays in arrays", "a.json", "[".repeat(500_000) + "]".repeat(500_000), "nested too deeply"],
    [
      "JSON of objects in objects",
      "a.json",
      `${'{"a":'.repeat(200)}1${"}".repeat(200)}`,
      "nested too deeply",
    ],
    ["no JSON", "a.json", '{"a":', "not valid JSON"],
    [
      "a table with a quotation mark that is never closed",
      "a.csv",
      `a,b\n"${"x,y\n".repeat(400_000)}`,
      "quotation mark",
    ],
    [
      "a table whose names are repeated too often",
      "a.csv",
      `${"a".repeat(70)},b\n${"1,2\n".repeat(40_000)}`,
      "more than 2,000,000 characters",
    ],
    ["too much text", "a.txt", "word ".repeat(500_000), "more than 2,000,000 characters"],
    ["an empty file", "a.txt", "", "has no text"],
    ["blanks", "a.md", " \n\n ", "has no text"],
    ["a page of scripts", "a.html", "<script>let a = 1;</script>", "has no text"],
    ["a PDF with a password", "a.pdf", pdfWithPassword(), "protected by a password"],
    ["a PDF without text", "a.pdf", makePdf([[]]), "seem to be pictures"],
    ["a PDF that is none behind its first line", "a.pdf", "%PDF-1.7\ngarbage", "damaged"],
    ["a PDF of endless pages", "a.pdf", pdfOfPages(25_000), "too many pages"],
    ["a PDF whose page unpacks to far more", "a.pdf", pdfOfSpaces(1_000_000_000), "too much memory"],
  ])("%s", async (_name, file, content, sentence) => {
    await expect(reading.readAll(file, content)).rejects.toEqual(unreadable(sentence));
  });

  it("a PDF that would be read for ever", async () => {
    await using hasty = await startReading({
      limits: { seconds: 1, memoryBytes: 1024 * 1024 * 1024, textCharsMax: 2_000_000 },
    });
    await expect(hasty.readAll("a.pdf", pdfOfForms(12))).rejects.toEqual(unreadable("longer than 1 second."));
    expect(toWholeText(await hasty.readAll("a.txt", "The next one."))).toBe("The next one.");
  });
});

it("a document with more values than there is room for ends with the sentence about memory", async () => {
  await using narrow = await startReading({
    limits: { seconds: 15, memoryBytes: 150 * 1024 * 1024, textCharsMax: 20_000_000 },
  });
  const values = `[${"{},".repeat(5_000_000)}{}]`;
  await expect(narrow.readAll("a.json", values)).rejects.toEqual(unreadable("too much memory"));
});

describe("what is hostile in one part is read in the others", () => {
  it("a PDF with a picture of endless pixels", async () => {
    expect(toWholeText(await reading.readAll("a.pdf", pdfOfPixels()))).toBe("text");
  });

  it("a Word document with another one inside, which unpacks to far more", async () => {
    const outer = makeDocx(paragraph("text"), [
      { name: "word/embeddings/inner.docx", content: docxOfNothing(8_000_000) },
    ]);
    expect(toWholeText(await reading.readAll("a.docx", outer))).toBe("text");
  });
});

it("a PDF that lacks a table of its characters is never read by half", async () => {
  const text = reading.readAll("a.pdf", pdfOfForeignTable()).then(toWholeText, (error: unknown) => error);
  expect([
    // Where the tables of pdf.js are installed.
    "text\n\n中文文档",
    unreadable("Some of the document's text cannot be read: its fonts use the character table GBK-EUC-H"),
  ]).toContainEqual(await text);
});

describe("inputs that parsers are slow at", () => {
  it.each([
    ["a.md", "[".repeat(300_000)],
    ["a.md", "> ".repeat(20_000)],
    ["a.md", `${"* ".repeat(10_000)}a`],
    ["a.md", "- a\n  ".repeat(25_000)],
    ["a.md", `|${"a|".repeat(5000)}\n|${"-|".repeat(5000)}\n${"|\n".repeat(8000)}`],
    ["a.md", "<!--".repeat(50_000)],
    ["a.md", "[a]: b\n".repeat(40_000)],
    ["a.html", "<".repeat(500_000)],
    ["a.html", "<a b='".repeat(100_000)],
    ["a.html", `<p ${"a=1 ".repeat(100_000)}>text`],
    ["a.html", "</p>".repeat(100_000)],
    ["a.html", "&".repeat(500_000)],
    ["a.html", "<table><tr><td>".repeat(600)],
    ["a.csv", `${",".repeat(400_000)}\n`],
    ["a.csv", '"a""'.repeat(100_000)],
    ["a.txt", ". ".repeat(400_000)],
    ["a.txt", "\n".repeat(1_900_000)],
    ["a.json", `{"${"a".repeat(1000)}":${"[".repeat(90)}${"1,".repeat(10_000)}1${"]".repeat(90)}}`],
  ])("end one way or the other: %s %.12s", async (name, content) => {
    const [outcome] = await Promise.allSettled([reading.readAll(name, content)]);
    if (outcome.status === "rejected") {
      expect(outcome.reason).toEqual(unreadable(""));
      expect((outcome.reason as Error).message).not.toContain("longer than");
    }
  });
});

it("nobody else notices: others are read meanwhile, and this process goes on", async () => {
  let widestGapMs = 0;
  let last = performance.now();
  const canary = setInterval(() => {
    const now = performance.now();
    widestGapMs = Math.max(widestGapMs, now - last);
    last = now;
  }, 5);
  let isBusy = true;
  const stop = new AbortController();
  const endless = await reading.store("endless.pdf", pdfOfForms(12));
  const bomb = Array.fromAsync(reading.reader.read(endless, { signal: stop.signal })).finally(
    () => (isBusy = false),
  );
  for (let round = 0; round < 5; round++) {
    expect(toWholeText(await reading.readAll(`${round}.txt`, "Harmless."))).toBe("Harmless.");
  }
  expect(isBusy).toBe(true);
  stop.abort(new Error("enough"));
  await expect(bomb).rejects.toThrow("enough");
  clearInterval(canary);
  expect(widestGapMs).toBeLessThan(500);
});
