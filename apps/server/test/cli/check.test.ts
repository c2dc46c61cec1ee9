import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startBackend } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { makeFolder, runHere } from "./run-program.ts";

it("check says whether the database is sound, beside a running server, and fails where it is not", async () => {
  await using backend = await startBackend();
  const sound = await runHere(["check", "--data", backend.dataFolder]);
  expect([sound.code, sound.stdout]).toEqual([0, expect.stringMatching(/^The database .* is sound\.\n$/)]);
  await using folder = await makeFolder();
  const none = await runHere(["check", "--data", folder.path]);
  expect([none.code, none.stderr]).toEqual([78, expect.stringContaining("cannot be opened")]);
  const file = join(folder.path, "llm-backend.db");
  await writeFile(file, "this was a database once ".repeat(500));
  const broken = await runHere(["check", "--data", folder.path]);
  expect([broken.code, broken.stderr]).toEqual([78, expect.stringContaining("is not an SQLite database")]);
  await rm(file);
});
