import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver, type DatabaseConnection } from "kysely";
import type { DatabaseHandle } from "./database-handle.ts";
import { withPatience } from "./patient-connection.ts";

/** How the dialect uses its connection. */
export type DialectOptions = {
  /** Whether other processes write the file all the time, so that waiting for them must stop nothing here. */
  readonly isShared: boolean;
};

/**
 * SQLite as this system uses it: transactions take the write lock when they begin (a deferred one fails half-way, in
 * spite of any busy timeout, when another process wrote meanwhile), and schema changes are transactional.
 */
export class ImmediateSqliteDialect extends SqliteDialect {
  readonly #handle: DatabaseHandle;
  readonly #options: DialectOptions;

  constructor(handle: DatabaseHandle, options: DialectOptions = { isShared: false }) {
    super({ database: handle });
    this.#handle = handle;
    this.#options = options;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateSqliteDriver(this.#handle, this.#options);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

class ImmediateSqliteDriver extends SqliteDriver {
  readonly #handle: DatabaseHandle;
  readonly #isShared: boolean;
  #patient: DatabaseConnection | undefined;

  constructor(handle: DatabaseHandle, { isShared }: DialectOptions) {
    super({ database: handle });
    this.#handle = handle;
    this.#isShared = isShared;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    // Always the same one: what Kysely knows of a connection hangs on the object.
    return this.#isShared ? (this.#patient ??= withPatience(connection, this.#handle)) : connection;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // On a full or failing disk SQLite has rolled back by itself: another rollback would fail, and hide the cause.
    if (this.#handle.inTransaction) await super.rollbackTransaction(connection);
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
