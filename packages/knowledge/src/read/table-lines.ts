const labelCharsMax = 80;

/** Writes the rows of a table as lines that can be read one by one. */
export type TableWriter = {
  /** The line of the next row; undefined where nothing needs to be written: the row is blank, or names the columns. */
  toLine(cells: readonly string[]): string | undefined;
};

/**
 * Starts a table. A first row that names its columns is repeated in every line, so that a line which is found by
 * itself still says what its values are.
 */
export function createTableWriter(): TableWriter {
  let labels: readonly string[] | undefined;
  let isFirst = true;
  return {
    toLine(row) {
      const cells = row.map((cell) => cell.replaceAll(/\s+/gu, " ").trim());
      if (cells.every((cell) => cell === "")) return undefined;
      if (isFirst) {
        isFirst = false;
        if (areLabels(cells)) {
          labels = cells;
          return undefined;
        }
      }
      return labels === undefined ? join(cells) : label(cells, labels);
    },
  };
}

/** The lines of a whole table. A table that has but one row is that row, whatever it looks like. */
export function toTableLines(rows: readonly (readonly string[])[]): string[] {
  const filled = rows.filter((row) => row.some((cell) => cell.trim() !== ""));
  if (filled.length === 1)
    return [join(filled[0]?.map((cell) => cell.replaceAll(/\s+/gu, " ").trim()) ?? [])];
  const writer = createTableWriter();
  return filled.map((row) => writer.toLine(row)).filter((line) => line !== undefined);
}

/** Column names are short, different from each other, and no numbers. */
function areLabels(cells: readonly string[]): boolean {
  const isLabel = (cell: string) =>
    cell !== "" && cell.length <= labelCharsMax && !/^[\d\s.,:%€$£¥/+-]+$/u.test(cell);
  // The corner of a table may be empty.
  const named = cells[0] === "" ? cells.slice(1) : cells;
  return cells.length > 1 && named.every(isLabel) && new Set(named).size === named.length;
}

function join(cells: readonly string[]): string {
  return cells.filter((cell) => cell !== "").join(" | ");
}

function label(cells: readonly string[], labels: readonly string[]): string {
  const parts: string[] = [];
  for (const [index, cell] of cells.entries()) {
    if (cell === "") continue;
    const name = labels[index] ?? "";
    parts.push(name === "" ? cell : `${name}: ${cell}`);
  }
  return parts.join("; ");
}
