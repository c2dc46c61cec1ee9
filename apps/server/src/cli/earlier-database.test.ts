import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { placeBesideEarlierDatabase } from "./earlier-database.ts";

/** An SQLite file with the one table `openai_api_upstreams (id, sk, endpoint)`. */
const earlierDatabase = inflateRawSync(
  Buffer.from(
    "7dc9CsJAEAXgWRFSielsp1QQQSS9UdLZ+NPLiqMsMcmyWcWUOYS38lASG0EEe31fNe8x3VSzXi6MFz4ULtOeJxSSUjRlJiJFRC16aXL7LX+jaHS7d5qhe6HuhQAAAAAAAAD+SB2ooBdFqh57vTtJYSXXZqut2Z5t6Z3orPzUtearJN4kvIlni4Q/bXDf7NnkXo7i2DqTaVdxKtWQy5S9XP2QJd/bwuT+GQfNb04hLgIAAAAAAADwyx4=",
    "base64",
  ),
);

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "llm-backend-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

it("leaves the earlier gateway's database as it is, and puts ours beside it", () => {
  const folder = createFolder();
  const path = join(folder, "db.sqlite");
  writeFileSync(path, earlierDatabase);
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
