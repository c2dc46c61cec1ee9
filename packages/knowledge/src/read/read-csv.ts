import { CsvError, parse } from "csv-parse/sync";
import type { ReadDocument } from "../ports.ts";
import { decodeText } from "./decode-text.ts";
import type { ReaderInput } from "./reader-input.ts";
import { createTableWriter } from "./table-lines.ts";
import { createTextBuilder } from "./text-builder.ts";
import { requireLength, toLines } from "./text-lines.ts";
import { toTooMuchText, UnreadableDocument } from "./unreadable-document.ts";

const delimiters = [",", ";", "\t", "|"];
// A quotation mark that nobody closes makes all the rest one record.
const recordCharsMax = 1_000_000;

/** Reads a table of values that commas, semicolons, tabs or bars separate: a line for each record. */
export function readCsv(input: ReaderInput): ReadDocument {
  const text = requireLength(decodeText(input.bytes), input.textCharsMax);
  const lines: string[] = [];
  const table = createTableWriter();
  let length = 0;
  const take = (cells: readonly string[]) => {
    const line = table.toLine(cells);
    if (line === undefined) return;
    lines.push(line);
    length += line.length + 1;
    // The names of the columns are repeated, so that the lines may have far more than the file.
    if (length > input.textCharsMax) throw new UnreadableDocument(toTooMuchText(input.textCharsMax));
  };
  parseRecords(text, take);
  const builder = createTextBuilder(input.textCharsMax);
  builder.add("table", lines.join("\n"));
  return builder.build();
}

function parseRecords(text: string, take: (cells: readonly string[]) => void): void {
  try {
    parse(text, {
      delimiter: findDelimiter(text),
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: recordCharsMax,
      on_record: (cells: string[]) => {
        take(cells);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UnreadableDocument(
      "The table has a quotation mark that is never closed, or a record without an end.",
      {
        cause: error,
      },
    );
  }
}

/** The separator that the first lines have most evenly. */
function findDelimiter(text: string): string {
  const sample: string[] = [];
  for (const { start, end } of toLines(text, 0, Math.min(text.length, 64 * 1024))) {
    if (end > start) sample.push(text.slice(start, end).replaceAll(/"[^"]*"/gu, ""));
    if (sample.length === 20) break;
  }
  const fewest = (delimiter: string) => Math.min(...sample.map((line) => line.split(delimiter).length));
  const most = (delimiter: string) => Math.max(0, ...sample.map((line) => line.split(delimiter).length));
  return delimiters.toSorted((a, b) => fewest(b) - fewest(a) || most(b) - most(a))[0] ?? ",";
}
