import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { placeBesideEarlierDatabase } from "./earlier-database.ts";

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "llm-backend-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

it("leaves the earlier gateway's database as it is, and puts ours beside it", () => {
  const folder = createFolder();
  const path = join(folder, "db.sqlite");
  const database = new DatabaseSync(path);
  database.exec("create table openai_api_upstreams (id integer primary key, sk text, endpoint text)");
  database.close();
  const before = readFileSync(path);
  const { args, notice } = placeBesideEarlierDatabase(["--addr=:8888", `--database=${path}`]);
  expect(args).toEqual(["--addr=:8888", `--data=${join(folder, "data")}`]);
  expect(notice).toContain("stays as it is");
  expect(readFileSync(path).equals(before)).toBe(true);
});

it("takes a file that is not there, and any other call, as it is", () => {
  const path = join(createFolder(), "db.sqlite");
  for (const args of [[`--database=${path}`], ["--addr=:1"], ["--database="]]) {
    expect(placeBesideEarlierDatabase(args)).toEqual({ args });
  }
});
