import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRecordService, type RecordService } from "@llm-backend/server";
import { openSqlite, type Storage } from "@llm-backend/storage";

type Deps = Parameters<typeof createRecordService>[0];

/** Records over a real database, at a time that the test sets. */
export type OpenedRecords = AsyncDisposable & {
  readonly records: RecordService;
  readonly storage: Storage;
  readonly clock: { now: number };
  readonly errors: readonly unknown[];
  /** Everything that the database has on the disk. */
  readFiles(): Promise<Buffer>;
};

/** Opens records over a fresh database; `wrap` puts something between them. */
export async function openRecords(
  given: Partial<Deps> & { wrap?: (storage: Storage) => Storage } = {},
): Promise<OpenedRecords> {
  const { wrap = (storage) => storage, ...deps } = given;
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const storage = await openSqlite({ path: join(folder, "test.db") });
  cleanup.defer(() => storage.close());
  const clock = { now: Date.UTC(2026, 5, 1) };
  const errors: unknown[] = [];
  const records = createRecordService({
    storage: wrap(storage),
    now: () => clock.now,
    onInternalError: (error) => errors.push(error),
    ...deps,
  });
  cleanup.defer(() => records.close());
  const kept = cleanup.move();
  return {
    records,
    storage,
    clock,
    errors,
    async readFiles() {
      const names = await readdir(folder);
      return Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
