import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createTemporaryFolder } from "../config/temporary-folder.ts";

const source = fileURLToPath(new URL("../../src/logging/create-logger.ts", import.meta.url));

/** Starts a process that logs `count` entries and then tells on its third channel how it fared. */
function startLogging(count: number, stdout: "pipe" | number) {
  const program = `
    import { writeSync } from "node:fs";
    import { createLogger } from ${JSON.stringify(source)};
    const { logger, droppedCount, flush } = createLogger({ level: "info", format: "auto" });
    for (let index = 0; index < ${count}; index++) {
      logger.info({ text: "x".repeat(1000) }, "entry " + index);
      if (index % 100 === 0) await new Promise(setImmediate);
    }
    await flush();
    writeSync(3, JSON.stringify({ dropped: droppedCount(), memory: process.memoryUsage().rss }));
    process.exit(0);`;
  const flags = ["--conditions=@llm-backend/source", "--input-type=module-typescript", "--eval", program];
  return spawn(process.execPath, flags, { stdio: ["ignore", stdout, "inherit", "pipe"] });
}

async function readReport(child: ReturnType<typeof startLogging>) {
  let text = "";
  child.stdio[3]?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...(JSON.parse(text) as { dropped: number; memory: number }) };
}

it("writes every entry to a file", async () => {
  const file = join(createTemporaryFolder(), "log");
  expect(await readReport(startLogging(500, openSync(file, "w")))).toMatchObject({ code: 0, dropped: 0 });
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines).toHaveLength(500);
  expect(JSON.parse(lines[499] ?? "")).toMatchObject({ level: "info", msg: "entry 499" });
});

it("writes every entry to a pipe that is read", async () => {
  const child = startLogging(500, "pipe");
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  expect(await readReport(child)).toMatchObject({ code: 0, dropped: 0 });
  expect(text.trimEnd().split("\n")).toHaveLength(500);
});

it("goes on when standard output is closed", async () => {
  const child = startLogging(2_000, "pipe");
  child.stdout?.destroy();
  const { code, dropped } = await readReport(child);
  expect(code).toBe(0);
  expect(dropped).toBeGreaterThan(0);
});

it("goes on when nobody reads standard output, drops what is too much, and ends when told", async () => {
  const child = startLogging(20_000, "pipe");
  child.stdout?.pause();
  const exit = once(child, "exit");
  let text = "";
  child.stdio[3]?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  expect((await exit)[0]).toBe(0);
  const { dropped, memory } = JSON.parse(text) as { dropped: number; memory: number };
  expect(dropped).toBeGreaterThan(5_000);
  expect(memory).toBeLessThan(250_000_000);
});

it("goes on when the disk is full", async () => {
  const { code, dropped } = await readReport(startLogging(50, openSync("/dev/full", "w")));
  expect(code).toBe(0);
  expect(dropped).toBeGreaterThan(0);
});
