import { describe, expect, it } from "vitest";
import { getDocumentKind } from "../../src/read/document-kind.ts";

const nothing = new Uint8Array();

describe("the kind of a document", () => {
  it.each([
    ["notes.txt", "text"],
    ["server.LOG", "text"],
    ["README", "text"],
    ["README.md", "markdown"],
    ["folder.with.dots/page.htm", "html"],
    ["table.tsv", "csv"],
    ["lines.jsonl", "json"],
    ["a.b.ts", "code"],
    ["Dockerfile", "code"],
    [".gitignore", "code"],
    ["notes.pdf", "pdf"],
    ["notes.docx", "docx"],
  ])("is told by the name: %s", (name, kind) => {
    expect(getDocumentKind(name, nothing)).toBe(kind);
  });

  it.each(["film.mp4", "archive.zip", "unknown", "constructor", "a.constructor", "", "."])(
    "is not known of %j",
    (name) => {
      expect(() => getDocumentKind(name, Buffer.from("text"))).toThrow("is of no kind that is read");
    },
  );

  it("is what the content says where the name says something else", () => {
    expect(getDocumentKind("notes.txt", Buffer.from("%PDF-1.7\n"))).toBe("pdf");
    expect(getDocumentKind("notes.pdf", Buffer.from("garbage in front\n%PDF-1.7\n"))).toBe("pdf");
  });

  it("is text where text speaks of another format", () => {
    expect(getDocumentKind("formats.md", Buffer.from("A PDF begins with %PDF-1.7."))).toBe("markdown");
  });

  it.each([
    ["UTF-16 with a mark", Buffer.from("\uFEFFtext", "utf16le")],
    ["UTF-16 without a mark", Buffer.from("plain text", "utf16le")],
    ["Latin 1", Buffer.from("Grüße", "latin1")],
    ["Shift JIS", Buffer.from("93fa967b8cea", "hex")],
    ["colours of a terminal", Buffer.from("\u001B[31mred\u001B[0m")],
  ])("is text in whatever encoding: %s", (_name, bytes) => {
    expect(getDocumentKind("notes.txt", bytes)).toBe("text");
  });

  it.each([
    ["notes.txt", Buffer.from("89504e470d0a1a0a0000", "hex"), "is a picture"],
    ["notes.txt", Buffer.from("504b0304", "hex"), "is a packed file"],
    ["notes.txt", Buffer.from("7f454c460201", "hex"), "is a program"],
    ["notes.txt", Buffer.from([1, 2, 3, 4, 0, 0, 0, 0, 200]), "is binary"],
    ["notes.txt", Buffer.from("text\u0000text\u0000\u0000more"), "is binary"],
    ["notes.pdf", Buffer.from("text"), "is called a PDF, but is none"],
    ["notes.docx", Buffer.from("text"), "is called a Word document, but is none"],
    ["notes.docx", Buffer.from("d0cf11e0a1b11ae1", "hex"), "is protected by a password"],
    ["film.mp4", Buffer.from("text"), "is of no kind that is read"],
  ])("is refused with a reason: %s %o", (name, bytes, reason) => {
    expect(() => getDocumentKind(name, bytes)).toThrow(
      expect.objectContaining({
        code: "document_unreadable",
        message: expect.stringContaining(reason) as string,
      }),
    );
  });
});
