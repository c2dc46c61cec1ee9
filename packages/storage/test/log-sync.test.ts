import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { LogSync } from "../src/sqlite/log-sync.ts";

const folder = mkdtempSync(join(tmpdir(), "llm-backend-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("shares one fsync among those who ask while another one runs", async () => {
  const path = join(folder, "shared.sqlite");
  writeFileSync(`${path}-wal`, "frames");
  using log = new LogSync(path);
  const connection = {};
  const first = log.sync(connection);
  const second = log.sync(connection);
  expect(second).not.toBe(first);
  expect(log.sync(connection)).toBe(second);
  await Promise.all([first, second]);
  expect(log.sync(connection)).not.toBe(second);
  await log.settled();
});

it("holds the log from the beginning, whatever becomes of its name", async () => {
  const path = join(folder, "held.sqlite");
  writeFileSync(`${path}-wal`, "frames");
  using log = new LogSync(path);
  log.open();
  rmSync(`${path}-wal`);
  await expect(log.sync({})).resolves.toBeUndefined();
});

it("acknowledges nothing more of a connection after an fsync that failed, and begins anew with the next one", async () => {
  const path = join(folder, "failing.sqlite");
  using log = new LogSync(path);
  const failed = {};
  const first = log.sync(failed);
  const second = log.sync(failed);
  await expect(first).rejects.toThrow("ENOENT");
  writeFileSync(`${path}-wal`, "frames");
  await expect(second).rejects.toThrow("ENOENT");
  await expect(log.sync(failed)).rejects.toThrow("ENOENT");
  await expect(log.sync({})).resolves.toBeUndefined();
});
