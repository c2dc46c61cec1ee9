import { allMigrations } from "../../src/migrations/all-migrations.ts";
import { migrateToLatest } from "../../src/migrations/migrate.ts";
import { findOrCreateDatabase } from "../../src/sqlite/database-file.ts";
import { openKysely } from "../open-kysely.ts";

// Makes a database as a version did whose schema ended with the given step, with a user and a conversation in it.
const [path = "", lastStep = ""] = process.argv.slice(2);
await using older = openKysely(findOrCreateDatabase(path));
const steps = Object.entries(allMigrations).filter(([name]) => name <= lastStep);
await migrateToLatest(older.db, Object.fromEntries(steps));
older.connection.exec(`
  insert into users (id, username, username_key, password_hash, role, status, created_at, tokens_valid_from)
  values (1, 'someone', 'someone', 'x', 'user', 'active', 0, 0);
  insert into conversations (id, user_id, title, model, created_at, updated_at)
  values (7, 1, 'of before', 'm', 0, 0);
`);
