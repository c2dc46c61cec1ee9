import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { SearchedDatabase } from "./searched-database.ts";

const script = fileURLToPath(new URL("search-and-end.ts", import.meta.url));
const isBuilt = existsSync(new URL("../../dist/search/search-worker.js", import.meta.url));

const ways = [
  ["from its sources", ["--conditions=@llm-backend/source"], false],
  ["as it was built", [], !isBuilt],
] as const;

it.for(ways)(
  "searches in a process, %s, and keeps it from nothing",
  async ([, flags, cannotRun], { skip }) => {
    if (cannotRun) skip("packages/knowledge is not built");
    await using database = await SearchedDatabase.open();
    const baseId = await database.addBase();
    await database.addDocument(baseId, "a", ["The Lena flows north.", "Nothing else."]);
    const spaceId = (await database.storage.bases.find(baseId))?.spaceId ?? 0;
    const args = [...flags, script, database.path, baseId, String(spaceId), "where does the lena flow?"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
    expect(stdout).toBe("The Lena flows north.");
  },
);
