import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Somebody who reads a database, and does not come to an end. */
export type Reader = { end(): void };

type Connection = {
  exec(sql: string): void;
  prepare(sql: string): { get(): unknown; all(): unknown[] };
  close(): void;
};

// What the storage stands on is none of this application's dependencies.
const requireFromStorage = createRequire(
  fileURLToPath(new URL("../../../../packages/storage/package.json", import.meta.url)),
);
export const Sqlite = requireFromStorage("better-sqlite3") as new (
  path: string,
  options?: { readonly?: boolean },
) => Connection;

/** Begins to read what a database holds now. */
export function holdReader(path: string): Reader {
  const connection = new Sqlite(path, { readonly: true });
  connection.exec("begin");
  connection.prepare("select count(*) from users").get();
  return {
    end() {
      connection.exec("commit");
      connection.close();
    },
  };
}
