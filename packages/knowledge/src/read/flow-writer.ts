import type { ReadDocument } from "../ports.ts";
import { createOpenTable } from "./open-table.ts";
import { createTextBuilder } from "./text-builder.ts";
import { toTooMuchText, UnreadableDocument } from "./unreadable-document.ts";

/** Takes the text of a document as it flows, with the marks in between, and makes blocks of it. */
export type FlowWriter = {
  /** Adds to the open block; a paragraph is open where nothing else is. White space is joined, but in code. */
  write(text: string): void;
  /** Ends the open block and begins another. In a cell of a table there are no blocks. */
  begin(block: OpenBlock): void;
  /** Ends the open block. An item that has no text yet stays open for the paragraph inside of it. */
  end(): void;
  beginTable(): void;
  beginRow(): void;
  beginCell(): void;
  endTable(): void;
  build(): ReadDocument;
};

/** What is being written. Neighbouring items are one block. */
export type OpenBlock =
  | { readonly kind: "paragraph" | "code" }
  | { readonly kind: "heading"; readonly level: number }
  | { readonly kind: "item"; readonly mark: string };

const paragraph: OpenBlock = { kind: "paragraph" };

/** Creates an empty flow. */
export function createFlowWriter(textCharsMax: number): FlowWriter {
  const builder = createTextBuilder(textCharsMax);
  const table = createOpenTable(builder);
  let open: OpenBlock = paragraph;
  let parts: string[] = [];
  let items: string[] = [];
  let written = 0;

  const take = () => {
    const text = parts.join("");
    parts = [];
    return open.kind === "code" ? text : joinSpace(text);
  };
  const flushItems = () => {
    builder.add("list", items.join("\n"));
    items = [];
  };
  const flush = () => {
    const text = take();
    if (text.trim() === "") return;
    if (open.kind === "item") {
      items.push(`${open.mark} ${text}`);
      return;
    }
    flushItems();
    if (open.kind === "heading") builder.addHeading(open.level, text);
    else builder.add(open.kind, text);
  };
  const endCell = () => table.add(take());

  return {
    write(text) {
      // What is held here is not in the builder yet, and counts as well.
      written += text.length;
      if (written > textCharsMax * 2) throw new UnreadableDocument(toTooMuchText(textCharsMax));
      parts.push(text);
    },
    begin(block) {
      if (table.isOpen) {
        parts.push(" ");
        return;
      }
      flush();
      open = block;
    },
    end() {
      if (table.isOpen) {
        parts.push(" ");
        return;
      }
      if (open.kind === "item" && parts.join("").trim() === "") return;
      flush();
      open = paragraph;
    },
    beginTable() {
      if (!table.isOpen) {
        flush();
        flushItems();
        open = paragraph;
      }
      table.begin();
    },
    beginRow() {
      if (!table.isOpen) return;
      endCell();
      table.beginRow();
    },
    beginCell() {
      if (!table.isOpen) return;
      endCell();
      table.beginCell();
    },
    endTable() {
      if (!table.isOpen) return;
      endCell();
      table.end();
    },
    build() {
      while (table.isOpen) this.endTable();
      flush();
      flushItems();
      return builder.build();
    },
  };
}

/** Joins white space, and keeps the ends of lines. */
function joinSpace(text: string): string {
  const lines = text.split("\n").map((line) => line.replaceAll(/\s+/gu, " ").trim());
  return lines.join("\n").trim();
}
