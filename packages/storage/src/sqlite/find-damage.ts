import SqliteConnection from "better-sqlite3";
import { StorageRefusal } from "../storage-refusal.ts";
import { isForeign } from "./foreign-database.ts";
import { toRefusal } from "./to-refusal.ts";

/** A row that points to another one that is not there. */
type BrokenReference = { readonly table: string; readonly rowid: number; readonly parent: string };

/**
 * Looks through the whole of a database file, also beside a server that uses it: its pages, its indexes, and whether
 * every row that others point to is there. Answers with a sentence for each thing that is wrong. Reads every page: a
 * gigabyte takes seconds.
 *
 * @throws StorageRefusal when the file is missing, cannot be read at all, or belongs to another program.
 */
export function findSqliteDamage(path: string): string[] {
  try {
    const connection = new SqliteConnection(path, { fileMustExist: true, timeout: 5000 });
    try {
      if (isForeign(connection)) throw new StorageRefusal(`The database ${path} belongs to another program.`);
      const findings = connection.pragma("integrity_check") as { integrity_check: string }[];
      const references = connection.pragma("foreign_key_check") as BrokenReference[];
      return [
        ...findings.map(({ integrity_check: finding }) => finding).filter((finding) => finding !== "ok"),
        ...references.map(
          ({ table, rowid, parent }) =>
            `row ${rowid} of ${table} points to a row of ${parent} that is not there`,
        ),
      ];
    } finally {
      connection.close();
    }
  } catch (error) {
    throw toRefusal(error, path);
  }
}
