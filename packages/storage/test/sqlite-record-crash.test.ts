import { join } from "node:path";
import SqliteConnection from "better-sqlite3";
import { expect, it } from "vitest";
import { openSqlite } from "../src/index.ts";
import { startChild } from "./child-process/start-child.ts";
import { checkIntegrity } from "./open-kysely.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const kills = 4;

/** What a database counts, by reading everything. */
function countAll(path: string) {
  const connection = new SqliteConnection(path, { readonly: true });
  try {
    const ids = connection.prepare<[], string>("select id from request_records").pluck().all();
    const attempted = connection
      .prepare<[], string>("select distinct record_id from record_attempts")
      .pluck()
      .all();
    const bodyBytes = connection.prepare<[], number>("select sum(bytes) from record_bodies").pluck().get();
    return { ids: new Set(ids), attempted: new Set(attempted), bodyBytes };
  } finally {
    connection.close();
  }
}

it(
  "has every batch of records that it acknowledged, whole, and counts them rightly, however often it is killed",
  { timeout: 60_000 },
  async () => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    await (await openSqlite({ path, exclusive: true })).close();
    const random = createSeededRandom(7);
    const acknowledged = new Set<string>();
    for (let round = 0; round < kills; round++) {
      await using child = startChild("acknowledge-records", path, String(round));
      for (let left = 1 + random(200); left > 0; left--) acknowledged.add((await child.readLine()) ?? "");
      await child.kill();
      for (let line = await child.readLine(); line !== undefined; line = await child.readLine())
        if (line.length === 30) acknowledged.add(line);

      const storage = await openSqlite({ path, exclusive: true });
      const totals = await storage.records.totals();
      await storage.close();
      const counted = countAll(path);
      expect([...acknowledged].filter((id) => !counted.ids.has(id))).toEqual([]);
      expect(counted.attempted).toEqual(counted.ids);
      expect(totals).toEqual({ records: counted.ids.size, bodyBytes: counted.bodyBytes });
      expect(checkIntegrity(path)).toBe("ok");
    }
    expect(acknowledged.size).toBeGreaterThan(kills);
  },
);
