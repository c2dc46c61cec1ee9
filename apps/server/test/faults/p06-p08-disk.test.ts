import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "@llm-backend/storage";
import { finish, role, say, wait } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { watchDatabaseLog } from "../../src/pressure/database-log.ts";
import { until } from "../callers/chat-stage.ts";
import { isFullSize } from "./full-size.ts";
import { holdReader } from "./hold-reader.ts";
import {
  hostTestMs,
  injectFault,
  isRoot,
  judgeHost,
  needs,
  run,
  setHostStage,
  strace,
} from "./host-stage.ts";
import { goodText } from "./judge-fault.ts";
import { judgeEnding } from "./oracle.ts";

/** A disk of its own, as small as this. */
async function mountDisk(megabytes: number): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "llm-backend-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run("umount", ["-l", path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Writes until there is no room for one page more. */
async function fill(path: string): Promise<void> {
  for (const bytes of [262_144, 4096]) {
    let isFull = false;
    while (!isFull) await appendFile(path, Buffer.alloc(bytes)).catch(() => (isFull = true));
  }
}

describe("P06: the disk is full", needs(isRoot && process.platform === "linux", "a disk to mount"), () => {
  it(
    "P06: writes are refused with a time, reads and streams go on, and there is no restart to come back",
    async () => {
      await using disk = await mountDisk(8);
      await using stage = await setHostStage({
        folder: disk.path,
        reply: { steps: [role(), say("Half"), wait("rest"), say(" and half"), finish()] },
      });
      const acknowledged: string[] = [];
      expect(await stage.keep("before")).toBe(200);
      const underWay = stage.ask();
      await until(() => stage.upstream.calls.length === 1, "a stream is under way");

      const ballast = join(disk.path, "ballast");
      await fill(ballast);
      const statuses = new Set<number>();
      await until(async () => {
        const title = `full-${acknowledged.length}`;
        const status = await stage.keep(title);
        if (status === 200) acknowledged.push(title);
        else statuses.add(status);
        return status !== 200;
      }, "a write is refused");
      expect([...statuses]).toEqual([503]);
      expect(await stage.kept()).toEqual(expect.arrayContaining(["before", ...acknowledged]));
      expect(await stage.readiness()).toMatchObject({
        status: 503,
        checks: { database: "the disk is full" },
      });
      stage.upstream.open("rest");
      const heard = await underWay;
      expect([judgeEnding(heard, []), heard.text]).toEqual(["whole", "Half and half"]);
      expect(stage.logged("The database takes no writes: the disk is full")).toHaveLength(1);

      await rm(ballast);
      stage.upstream.setReply({ steps: [role(), say(goodText), finish()] });
      await judgeHost(stage, ["before", ...acknowledged]);
      expect(stage.logged("The database takes writes again").length).toBeGreaterThan(0);
    },
    hostTestMs,
  );
});

describe("P07: the disk fails", needs(strace, "strace"), () => {
  it(
    "P07: what could not be synced is not acknowledged, and the database is opened anew",
    async () => {
      await using stage = await setHostStage();
      const acknowledged: string[] = [];
      const keep = async (title: string) => {
        const status = await stage.keep(title);
        if (status === 200) acknowledged.push(title);
        return status;
      };
      expect(await keep("before")).toBe(200);
      {
        await using _ = await injectFault(stage.backend.pid, "fdatasync,fsync:error=EIO");
        for (let round = 0; round < (isFullSize ? 50 : 5); round++)
          expect(await keep(`during-${round}`)).toBe(503);
        expect(await stage.readiness()).toMatchObject({
          status: 503,
          checks: { database: "the disk reports an error" },
        });
        expect((await stage.kept()).filter((title) => title === "before")).toHaveLength(1);
        // Calls that are not stored before they are answered go on.
        expect(judgeEnding(await stage.ask(), [])).toBe("whole");
      }
      await until(async () => (await keep(`after-${acknowledged.length}`)) === 200, "it takes writes again");
      await judgeHost(stage, acknowledged);
      expect(stage.logged("The database takes no writes: the disk reports an error")).toHaveLength(1);
      expect(stage.logged("The database takes writes again")).toHaveLength(1);
      // What was acknowledged is there for the next process, too.
      await stage.killAndRestart();
      expect(await stage.kept()).toEqual(expect.arrayContaining(acknowledged));
    },
    hostTestMs,
  );

  it(
    "P07: an fsync that fails once costs what it was to sync, and nothing else",
    async () => {
      await using stage = await setHostStage();
      await using _ = await injectFault(stage.backend.pid, "fdatasync:error=EIO:when=3+4");
      const statuses: number[] = [];
      const acknowledged: string[] = [];
      for (let round = 0; round < (isFullSize ? 200 : 15); round++) {
        const status = await stage.keep(`round-${round}`);
        statuses.push(status);
        if (status === 200) acknowledged.push(`round-${round}`);
      }
      expect(new Set(statuses)).toEqual(new Set([200, 503]));
      const kept = await stage.kept();
      for (const title of acknowledged) expect(kept.filter((one) => one === title)).toHaveLength(1);
    },
    hostTestMs,
  );
});

describe("P08: somebody reads for long", () => {
  it(
    "P08: writes go on, the log is told to grow, and is cut when the reader has gone",
    async () => {
      await using stage = await setHostStage();
      const path = join(stage.backend.dataFolder, "llm-backend.db");
      const reader = holdReader(path);
      const titles = Array.from({ length: 40 }, (_, index) => `kept-${index}`);
      const statuses = await Promise.all(titles.map((title) => stage.keep(title)));
      expect(new Set(statuses)).toEqual(new Set([200]));

      // The same file from another process, whose log may be less large.
      const lines: string[] = [];
      const note = (_fields: object, line: string) => void lines.push(line);
      const storage = await openSqlite({ path });
      const trim = () => storage.trimLog(16_384);
      using watch = watchDatabaseLog({
        storage: { trimLog: trim },
        logger: { warn: note, info: note } as never,
        everyMs: 20,
        alarmBytes: 32_768,
      });
      await until(() => lines.length === 1, "it is said that the log grows");
      expect(watch.bytes()).toBeGreaterThan(32_768);
      expect(await stage.keep("while it is looked at")).toBe(200);
      reader.end();
      await until(() => lines.length === 2, "it is said that it is small again");
      expect(watch.bytes()).toBe(0);
      await storage.close();
      await judgeHost(stage, titles);
      expect(await stage.metric("database_log_bytes")).toBeDefined();
    },
    hostTestMs,
  );
});
