import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findRedisObstacle } from "@llm-backend/testing";
import { describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

async function bench(name: string): Promise<string> {
  const args = ["--conditions=@llm-backend/source", main, name, "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).not.toContain("NaN");
  return stdout;
}

test("measures what is acknowledged both ways", { timeout: 60_000 }, async () => {
  const text = await bench("acknowledge");
  expect(text.match(/\|\s+in place \|/g)).toHaveLength(2);
  expect(text.match(/\|\s+beside \|/g)).toHaveLength(2);
});

const obstacle = findRedisObstacle();
const needsRedis = { skip: obstacle !== undefined, meta: { skipReason: obstacle ?? "" } };
describe("with Redis", needsRedis, () => {
  test(
    "measures what each use of it costs, and what a cache in it would gain",
    { timeout: 60_000 },
    async () => {
      const text = await bench("redis");
      for (const use of ["a call under /v1", "a turn of chat", "a login"]) expect(text).toContain(`| ${use}`);
      expect(text.match(/\|\s+SQLite \|/g)).toHaveLength(6);
      for (const way of ["sockets of the machine", "streams of Redis"]) expect(text).toContain(`| ${way}`);
    },
  );
});
