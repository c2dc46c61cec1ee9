import { join } from "node:path";
import SqliteConnection from "better-sqlite3";
import { expect, it, vi } from "vitest";
import { DatabaseHandle } from "../src/sqlite/database-handle.ts";
import { toFsyncFailure } from "../src/sqlite/disk-fault.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const refusal = expect.objectContaining({ code: "storage_unavailable" });

/** A handle whose disk may not have taken what was written last. */
function openDoubtful(path: string) {
  const handle = new DatabaseHandle({
    open() {
      const connection = new SqliteConnection(path);
      connection.pragma("journal_mode = wal");
      return connection;
    },
  });
  handle.prepare("create table words (word text)").run([]);
  handle.note(toFsyncFailure(new Error("EIO")));
  return handle;
}

it("takes no writes while the log with what may be lost cannot be moved away, and stops nothing meanwhile", () => {
  using folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  const handle = openDoubtful(path);
  const reader = new SqliteConnection(path, { readonly: true });
  reader.exec("begin; select * from words");
  const insert = handle.prepare("insert into words values ('one')");
  const startedAt = performance.now();
  const { connection } = handle;
  expect(() => insert.run([])).toThrow(refusal);
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect(handle.connection).toBe(connection);
  expect(handle.fault?.isDoubtful).toBe(true);
  reader.exec("commit");
  reader.close();
  vi.spyOn(performance, "now").mockReturnValue(startedAt + 60_000);
  insert.run([]);
  vi.restoreAllMocks();
  expect(handle.connection).not.toBe(connection);
  expect(handle.fault).toBeUndefined();
  handle.close();
});

it("does not forget a failed fsync over a failure that came after it", () => {
  using folder = createTemporaryFolder();
  const handle = openDoubtful(join(folder.path, "a.db"));
  const { connection } = handle;
  handle.note(Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" }));
  expect(handle.fault?.sentence).toBe("the disk is full");
  handle.prepare("insert into words values ('one')").run([]);
  expect(handle.connection).not.toBe(connection);
  handle.close();
});

it("opens the file anew before a write that answers with rows, too, and not before a read", () => {
  using folder = createTemporaryFolder();
  const handle = openDoubtful(join(folder.path, "a.db"));
  const { connection } = handle;
  expect(handle.prepare("select * from words").all([])).toEqual([]);
  expect(handle.connection).toBe(connection);
  expect(handle.prepare("insert into words values ('one') returning word").all([])).toEqual([
    { word: "one" },
  ]);
  expect(handle.connection).not.toBe(connection);
  expect(handle.fault).toBeUndefined();
  handle.close();
});
