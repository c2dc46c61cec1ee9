import { spawn } from "node:child_process";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { sourceArguments, sourceEnvironment } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { makeFolder, writeConfig } from "./run-program.ts";

/** More than a pipe holds. */
const mistakes = 10_000;
/** How late the reader is, from the first words on: longer than a server waits for whoever reads its log. */
const lateMs = 1_000;

it("a command's words wait for a reader that comes late, and so does its exit code", async () => {
  await using folder = await makeFolder();
  const keys = Array.from({ length: mistakes }, (_, index) => `a_key_that_nobody_knows_${index}: 1\n`);
  await writeConfig(folder.path, keys.join(""));
  const child = spawn(process.execPath, [...sourceArguments, "config", "check"], {
    cwd: folder.path,
    env: sourceEnvironment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(child.stderr, "data");
  child.stderr.pause();
  await pause(lateMs);
  child.stderr.resume();
  expect(await exited).toEqual([78, null]);
  await finished(child.stderr);
  expect(said.match(/a_key_that_nobody_knows_/g)).toHaveLength(mistakes);
});
