import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openSqlite, StorageRefusal } from "@llm-backend/storage";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder, run as runProgram } from "../cli/run-program.ts";
import { createRandom } from "../crash/seeded-random.ts";
import { isFullSize } from "./full-size.ts";
import { Sqlite } from "./hold-reader.ts";
import { hostTestMs, isRoot, judgeHost, run, setHostStage, type HostStage } from "./host-stage.ts";

const titles = Array.from({ length: 30 }, (_, index) => `kept-${index}`);
let stage: HostStage;
let folder: Awaited<ReturnType<typeof makeFolder>>;
/** The file of a server that runs, and its log, as a cut of power would leave them. */
let file: string;
let log: Buffer;
/** Both in one. */
let sound: Buffer;
beforeAll(async () => {
  folder = await makeFolder();
  stage = await setHostStage();
  for (const title of titles) expect(await stage.keep(title)).toBe(200);
  file = join(folder.path, "whole.db");
  copyFileSync(join(stage.backend.dataFolder, "llm-backend.db"), file);
  log = readFileSync(join(stage.backend.dataFolder, "llm-backend.db-wal"));
  const path = place("sound", log);
  await (await openSqlite({ path, exclusive: true })).close();
  sound = readFileSync(path);
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Makes a database out of the file and what is left of its log. */
function place(name: string, rest: Buffer | undefined): string {
  const path = join(folder.path, `${name}.db`);
  copyFileSync(file, path);
  if (rest !== undefined) writeFileSync(`${path}-wal`, rest);
  return path;
}

/** The titles in a database, in the order in which they were stored. */
function readTitles(path: string): string[] {
  const connection = new Sqlite(path, { readonly: true });
  const rows = connection.prepare("select title from conversations order by id").all();
  connection.close();
  return (rows as { title: string }[]).map(({ title }) => title);
}

const serveOn = (data: string) =>
  runProgram(["serve", "--addr", "127.0.0.1:0", "--data", data], { folder: folder.path, config: {} });

describe("P09: the database is damaged", () => {
  it(
    "P09: whatever byte is wrong, it is refused in a sentence or read; nothing else happens",
    async () => {
      const random = createRandom(9);
      let refused = 0;
      for (let flip = 0; flip < (isFullSize ? 200 : 25); flip++) {
        const bytes = Buffer.from(sound);
        const at = Math.floor(random() * (flip % 3 === 0 ? 100 : bytes.length));
        bytes[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(random() * 255));
        const bad = join(folder.path, `flip-${flip}.db`);
        writeFileSync(bad, bytes);
        try {
          await (await openSqlite({ path: bad, exclusive: true })).close();
        } catch (error) {
          expect(error).toBeInstanceOf(StorageRefusal);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(0);
    },
    hostTestMs,
  );

  it.each([
    ["its header", (bytes: Buffer) => bytes.fill(0, 0, 16), "is not an SQLite database"],
    ["pages of it", (bytes: Buffer) => bytes.fill(0xff, 4096, 20_000), "damaged; restore a backup"],
    ["all of it", () => Buffer.alloc(0), "an empty file"],
  ])(
    "P09: of a database that has lost %s the program says so, and ends with 78",
    async (what, toBad, words) => {
      const data = join(folder.path, `data-${what.replaceAll(" ", "-")}`);
      await mkdir(data);
      writeFileSync(join(data, "llm-backend.db"), toBad(Buffer.from(sound)));
      const { code, stderr } = await serveOn(data);
      expect([code, stderr.trim().split("\n").length]).toEqual([78, 1]);
      expect(stderr).toContain(words);
    },
  );

  it("P09: a log that is missing, or another database's, is no part of it", async () => {
    for (const [name, rest] of [
      ["missing", undefined],
      ["foreign", Buffer.alloc(100_000, 7)],
    ] as const) {
      const path = place(name, rest);
      await (await openSqlite({ path, exclusive: true })).close();
      const found = readTitles(path);
      expect(found).toEqual(titles.slice(0, found.length));
    }
  });
});

describe("P10: the data folder cannot be used", () => {
  it("P10: it is no folder, or lies on a disk that takes no writes: a line, and 78", async ({ skip }) => {
    const notFolder = join(folder.path, "a-file");
    await writeFile(notFolder, "");
    const places = [notFolder];
    if (isRoot && process.platform === "linux") {
      const readOnly = join(folder.path, "read-only");
      await mkdir(readOnly);
      await run("mount", ["-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", readOnly]);
      places.push(readOnly);
    }
    try {
      for (const data of places) {
        const { code, stderr } = await serveOn(data);
        expect([data, code, stderr.trim().split("\n").length]).toEqual([data, 78, 1]);
        expect(stderr).not.toMatch(/\n\s+at |Error:/);
      }
    } finally {
      if (places[1] !== undefined) await run("umount", ["-l", places[1]]);
    }
    if (places.length === 1) skip("needs to be root for a disk that takes no writes");
  });
});

describe("P11: two servers are started on one database", () => {
  it("P11: the second one says so and ends with 78; the first one goes on", async () => {
    const { code, stderr } = await serveOn(stage.backend.dataFolder);
    expect([code, stderr.trim().split("\n").length]).toEqual([78, 1]);
    expect(stderr).toContain("Another server already uses the database");
    await judgeHost(stage, titles);
  });
});

describe("P12: the power is cut", () => {
  it(
    "P12: a log that ends anywhere, torn or with zeros, costs only what comes behind",
    async () => {
      const random = createRandom(12);
      const lengths = new Set<number>();
      for (let cut = 0; cut < (isFullSize ? 1_000 : 40); cut++) {
        const at = Math.floor(random() * log.length);
        const tails = [
          Buffer.alloc(0),
          Buffer.alloc(log.length - at),
          Buffer.from(Array.from({ length: 512 }, () => Math.floor(random() * 256))),
        ];
        const path = place("torn", Buffer.concat([log.subarray(0, at), tails[cut % 3] ?? Buffer.alloc(0)]));
        await (await openSqlite({ path, exclusive: true })).close();
        const found = readTitles(path);
        expect(found).toEqual(titles.slice(0, found.length));
        lengths.add(found.length);
      }
      expect(lengths.size).toBeGreaterThan(5);
      // Nothing was cut: everything that was acknowledged is there.
      const whole = place("uncut", log);
      await (await openSqlite({ path: whole, exclusive: true })).close();
      expect(readTitles(whole)).toEqual(titles);
    },
    hostTestMs,
  );
});
