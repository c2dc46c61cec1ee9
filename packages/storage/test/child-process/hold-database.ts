import { once } from "node:events";
import { writeSync } from "node:fs";
import { openSqlite } from "../../src/index.ts";

// Opens a database when it is told to, says how that went, and holds it until its input ends.
const [path = "", mode] = process.argv.slice(2);
writeSync(1, "ready\n");
await once(process.stdin, "data");
try {
  await using cleanUp = new AsyncDisposableStack();
  const storage = await openSqlite({ path, exclusive: mode === "exclusive" });
  cleanUp.defer(() => storage.close());
  writeSync(1, "open\n");
  await once(process.stdin, "end");
} catch (error) {
  writeSync(1, `${String(error)}\n`);
}
