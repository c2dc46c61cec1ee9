import { toTableLines } from "./table-lines.ts";
import type { TextBuilder } from "./text-builder.ts";

/** A table while its cells come in. Tables inside of it are text of the cell that they stand in. */
export type OpenTable = {
  readonly isOpen: boolean;
  begin(): void;
  beginRow(): void;
  beginCell(): void;
  /** Adds to the last cell. */
  add(text: string): void;
  /** Ends the innermost table, and writes it where it is the outermost. */
  end(): void;
};

/** Creates the place for one table after the other. */
export function createOpenTable(builder: TextBuilder): OpenTable {
  let depth = 0;
  let rows: string[][] = [];

  const finish = () => {
    // One column is no table, but a way to place paragraphs on a page.
    if (rows.every((row) => row.length <= 1)) for (const row of rows) builder.add("paragraph", row.join(""));
    else builder.add("table", toTableLines(rows).join("\n"));
    rows = [];
  };

  return {
    get isOpen() {
      return depth > 0;
    },
    begin() {
      depth++;
    },
    beginRow() {
      if (depth === 1) rows.push([]);
    },
    beginCell() {
      if (depth > 1) return;
      if (rows.length === 0) rows.push([]);
      rows.at(-1)?.push("");
    },
    add(text) {
      const blank = text.trim() === "";
      if (blank) return;
      if (rows.length === 0) rows.push([]);
      const row = rows.at(-1) ?? [];
      const last = row.pop() ?? "";
      row.push(last === "" ? text : `${last} ${text}`);
    },
    end() {
      if (depth === 0) return;
      depth--;
      if (depth === 0) finish();
    },
  };
}
