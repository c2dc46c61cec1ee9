import { once } from "node:events";
import { writeSync } from "node:fs";
import { openSqlite } from "../../src/index.ts";

// Counts a setting up in as many transactions as it is told to, each of which reads before it writes.
const [path = "", times = ""] = process.argv.slice(2);
const storage = await openSqlite({ path });
writeSync(1, "ready\n");
await once(process.stdin, "data");
const errors: string[] = [];
for (let index = 0; index < Number(times); index++) {
  try {
    await storage.transaction(async (tx) => {
      const count = Number((await tx.settings.find("master_key_check")) ?? 0);
      await tx.settings.put("master_key_check", String(count + 1));
    });
  } catch (error) {
    errors.push(String(error));
  }
}
await storage.close();
writeSync(1, `${JSON.stringify(errors)}\n`);
process.stdin.destroy();
