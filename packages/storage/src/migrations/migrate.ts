import { sql, type Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import type { Database } from "../database.ts";
import { StorageRefusal } from "../storage-refusal.ts";
import { allMigrations } from "./all-migrations.ts";

/**
 * Brings a database to the newest schema, in one transaction: it is applied whole or not at all.
 *
 * @returns the names of the steps that were applied.
 * @throws StorageRefusal when the schema is newer than this code, or a step failed.
 */
export async function migrateToLatest(
  db: Kysely<Database>,
  migrations: Readonly<Record<string, Migration>> = allMigrations,
): Promise<string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
  });
  await refuseNewerSchema(db, migrations);
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new StorageRefusal(
      "The database could not be brought to this version's schema; nothing was changed.",
      {
        cause: error,
      },
    );
  }
  return (results ?? []).map((result) => result.migrationName);
}

async function refuseNewerSchema(
  db: Kysely<Database>,
  migrations: Readonly<Record<string, Migration>>,
): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === "kysely_migration")) return;
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const unknown = rows.map((row) => row.name).filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new StorageRefusal(
      `The database was written by a newer version (it has the schema step ${unknown.at(-1)}). ` +
        "Start that version, or restore a backup from before the upgrade.",
    );
  }
}
