import { writeSync } from "node:fs";
import SqliteConnection from "better-sqlite3";
import { openSqlite } from "../../src/index.ts";

// Opens a database as another user than root, to whom permissions mean nothing.
const [path = "", userId = ""] = process.argv.slice(2);
// Loads the driver as long as this process may read it.
new SqliteConnection(":memory:").close();
process.setgid?.(Number(userId));
process.setuid?.(Number(userId));
try {
  const storage = await openSqlite({ path, exclusive: true });
  await storage.close();
  writeSync(1, "open\n");
} catch (error) {
  writeSync(1, `${String(error)}\n`);
}
