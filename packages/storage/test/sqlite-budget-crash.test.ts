import { join } from "node:path";
import { expect, it } from "vitest";
import { openSqlite } from "../src/index.ts";
import { startChild } from "./child-process/start-child.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createApiKey } from "./suite/key-rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

it("gives back what a killed process held, and keeps all that it settled", { timeout: 60_000 }, async () => {
  using folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  const key = createApiKey();
  const period = { keyId: key.id, window: "day", start: 0 } as const;
  const setUp = await openSqlite({ path, exclusive: true });
  await setUp.keys.insert(key);
  await setUp.budgets.open(period);
  await setUp.close();

  const random = createSeededRandom(7);
  let settled = 0;
  let givenBack = 0;
  for (let round = 0; round < 8; round++) {
    await using child = startChild("hold-budget", path, key.id, `process-${round}`);
    const note = (line: string | undefined) => void (line === "settled" && settled++);
    for (let left = 1 + random(20); left > 0; left--) note(await child.readLine());
    await child.kill();
    for (let line = await child.readLine(); line !== undefined; line = await child.readLine()) note(line);

    const storage = await openSqlite({ path, exclusive: true });
    const before = await storage.budgets.find(period);
    const count = await storage.transaction((tx) => tx.budgets.giveBackOrphans(["the next"]));
    givenBack += count;
    expect(before?.reservedNanos).toBe(count * 50);
    const after = await storage.budgets.find(period);
    expect(after?.reservedNanos).toBe(0);
    // The last one may have been settled without anybody being told.
    expect([0, 3]).toContain((after?.spentNanos ?? 0) - settled * 3);
    settled = (after?.spentNanos ?? 0) / 3;
    await storage.close();
  }
  expect(settled).toBeGreaterThan(8);
  // Otherwise no process died where it matters.
  expect(givenBack).toBeGreaterThan(0);
});
