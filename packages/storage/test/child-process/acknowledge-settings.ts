import { writeSync } from "node:fs";
import { openSqlite } from "../../src/index.ts";

// Writes in all the ways there are, one after the other, beside others who do the same; says on stdout what was promised.
const [path = "", times = "", mode = ""] = process.argv.slice(2);
const storage = await openSqlite({ path, exclusive: mode === "alone", shared: mode === "shared" });
const put = (value: string) => storage.transaction((tx) => tx.settings.put("master_key_check", value));
for (let index = 0; index < Number(times); index++) {
  // What nobody was promised lies in the log before what somebody was.
  if (index % 3 === 0)
    await storage.relaxedTransaction((tx) => tx.settings.put("master_key_check", `relaxed ${index}`));
  if (index % 4 === 0) await storage.settings.put("master_key_check", `alone ${index}`);
  else await put(`${index} ${"x".repeat(index * 100)}`);
  writeSync(1, `acknowledged ${index}\n`);
  // The log is moved into the database, and begun anew.
  if (index % 5 === 0) await storage.trimLog(0);
}
await storage.close();
