import type { Database as SqliteConnection, Statement } from "better-sqlite3";
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDatabase,
} from "kysely";
import { withPatience } from "./patient-connection.ts";

const statementsMax = 500;

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
  readonly #connection: SqliteConnection;
  readonly #options: DialectOptions;

  constructor(connection: SqliteConnection, options: DialectOptions = { isShared: false }) {
    super({ database: connection });
    this.#connection = connection;
    this.#options = options;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateSqliteDriver(this.#connection, this.#options);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

class ImmediateSqliteDriver extends SqliteDriver {
  readonly #connection: SqliteConnection;
  readonly #isShared: boolean;
  #patient: DatabaseConnection | undefined;

  constructor(connection: SqliteConnection, { isShared }: DialectOptions) {
    super({ database: withStatementCache(connection) });
    this.#connection = connection;
    this.#isShared = isShared;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    // Always the same one: what Kysely knows of a connection hangs on the object.
    return this.#isShared ? (this.#patient ??= withPatience(connection, this.#connection)) : connection;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // On a full or failing disk SQLite has rolled back by itself: another rollback would fail, and hide the cause.
    if (this.#connection.inTransaction) await super.rollbackTransaction(connection);
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Preparing costs more than most of our statements: keep those that come again. */
function withStatementCache(connection: SqliteConnection): SqliteDatabase {
  const statements = new Map<string, Statement>();
  return {
    close: () => connection.close(),
    prepare(sql) {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const statement = connection.prepare(sql);
      if (statements.size >= statementsMax) statements.clear();
      statements.set(sql, statement);
      return statement;
    },
  };
}
