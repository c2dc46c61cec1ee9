import { writeSync } from "node:fs";
import { openSqlite } from "../../src/index.ts";
import { createAttempt, createEntry } from "../suite/record-rows.ts";

// Writes records in batches for as long as it lives, and names on stdout each batch that the storage acknowledged.
const [path = "", round = ""] = process.argv.slice(2);
const storage = await openSqlite({ path, exclusive: true });

for (let batch = 0; ; batch++) {
  const entries = Array.from({ length: 1 + (batch % 100) }, (_, index) =>
    createEntry(
      {
        id: `req_${round.padStart(6, "0")}${String(batch).padStart(10, "0")}${String(index).padStart(10, "0")}`,
      },
      { attempts: [createAttempt()], bodies: { request: "x".repeat(batch % 3000), answer: "y" } },
    ),
  );
  await storage.relaxedTransaction((tx) => tx.records.insert(entries));
  for (const { record } of entries) writeSync(1, `${record.id}\n`);
  // As retention does beside it.
  if (batch % 10 === 9)
    await storage.relaxedTransaction((tx) => tx.records.deleteOldestBodies({ bytes: 1000, limit: 5 }));
}
