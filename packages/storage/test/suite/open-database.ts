import type { Storage } from "../../src/index.ts";

/** A database of one test, empty but for its tables; it is gone when it is disposed of. */
export type TestDatabase = AsyncDisposable & {
  readonly storage: Storage;
  /** Closes the storage and opens the same database again. */
  reopen(): Promise<Storage>;
};

/** Makes a new database. */
export type OpenDatabase = () => Promise<TestDatabase>;
