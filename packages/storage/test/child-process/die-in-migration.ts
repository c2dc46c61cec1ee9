import { writeSync } from "node:fs";
import { migrateToLatest } from "../../src/migrations/migrate.ts";
import { findOrCreateDatabase } from "../../src/sqlite/database-file.ts";
import { openKysely } from "../open-kysely.ts";

// Migrates, and dies behind the statement of the given number.
const [path = "", statementsMax = ""] = process.argv.slice(2);
let statements = 0;
const { db } = openKysely(findOrCreateDatabase(path), () => {
  if (++statements === Number(statementsMax)) process.kill(process.pid, "SIGKILL");
});
await migrateToLatest(db);
writeSync(1, "complete\n");
