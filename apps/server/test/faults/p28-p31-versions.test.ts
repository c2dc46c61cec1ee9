import { cp, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findSqliteDamage } from "@llm-backend/storage";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { run as runProgram } from "../cli/run-program.ts";
import { isFullSize } from "./full-size.ts";
import { Sqlite } from "./hold-reader.ts";
import { hostTestMs, judgeHost, setHostStage } from "./host-stage.ts";
import { createOlderDatabase } from "./older-database.ts";

async function makeFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "llm-backend-fault-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Wrong configurations, and a word for each mistake in them. */
const wrong: readonly (readonly [string, Readonly<Record<string, unknown>> | string, readonly string[]])[] = [
  ["unknown keys", { databse: "x", limits: { url_bytes: 1 } }, ["databse", "limits.url_bytes"]],
  ["wrong types", { workers: "many", drain_seconds: [], cors: 7 }, ["workers", "drain_seconds", "cors"]],
  [
    "what contradicts itself, beside a mistake",
    { upstreams: [{}], lb_policy: "best" },
    ["upstreams", "lb_policy"],
  ],
  ["a sample secret", { jwt: { secret: "your-secret-key" } }, ["jwt.secret"]],
  ["no YAML", "upstreams: [\n  - :", ["config.yaml"]],
];

describe("P28: the configuration is wrong", () => {
  it.each(wrong)(
    "P28: %s: all of it is said at once, nothing is started, no secret is shown",
    async (_what, config, words) => {
      const { code, stdout, stderr } = await runProgram(["serve", "--addr", "127.0.0.1:0"], { config });
      expect([code, stdout]).toEqual([78, ""]);
      for (const word of words) expect(stderr).toContain(word);
      expect(stderr).not.toMatch(/your-secret-key|\n\s+at /);
    },
  );
});

describe("P30: a backup is made while the server writes", () => {
  it(
    "P30: it is sound, has all that was acknowledged before, and a server starts on it",
    async () => {
      await using folder = await makeFolder();
      await using stage = await setHostStage();
      const acknowledged: string[] = [];
      let isOver = false;
      const writing = (async () => {
        for (let round = 0; !isOver; round++) {
          const title = `kept-${round}`;
          if ((await stage.keep(title)) === 200) acknowledged.push(title);
        }
      })();
      const copies: { readonly path: string; readonly before: readonly string[] }[] = [];
      for (let round = 0; round < (isFullSize ? 10 : 2); round++) {
        await until(() => acknowledged.length > round * 5, "something is written");
        const before = [...acknowledged];
        const path = join(folder.path, `backup-${round}.db`);
        const args = ["backup", path, "--data", stage.backend.dataFolder];
        const made = await runProgram(args, { folder: folder.path, config: {} });
        expect([made.code, made.stderr]).toEqual([0, ""]);
        expect((await stat(path)).mode & 0o777).toBe(0o600);
        expect(findSqliteDamage(path)).toEqual([]);
        copies.push({ path, before });
      }
      isOver = true;
      await writing;
      await judgeHost(stage, acknowledged);
      const last = copies.at(-1);
      const again = await runProgram(["backup", last?.path ?? "", "--data", stage.backend.dataFolder], {
        folder: folder.path,
      });
      expect(again.code).toBe(78);
      expect(again.stderr).toContain("exists already");

      await using restored = await makeFolder();
      await cp(stage.backend.dataFolder, join(restored.path, "data"), { recursive: true });
      for (const suffix of ["-wal", "-shm"])
        await rm(join(restored.path, "data", `llm-backend.db${suffix}`), { force: true });
      await cp(last?.path ?? "", join(restored.path, "data", "llm-backend.db"));
      await stage.backend.kill("SIGKILL");
      await using next = await setHostStage({ folder: restored.path });
      const connection = new Sqlite(last?.path ?? "", { readonly: true });
      const stored = connection
        .prepare("select count(*) as stored from conversations where title like 'kept-%'")
        .get();
      connection.close();
      expect((stored as { stored: number }).stored).toBeGreaterThanOrEqual(last?.before.length ?? 0);
      await judgeHost(next);
    },
    hostTestMs,
  );
});

describe("P31: the program and the database are of different versions", () => {
  it(
    "P31: an older program refuses a newer database, and leaves it as it is",
    async () => {
      await using folder = await makeFolder();
      const data = join(folder.path, "data");
      expect((await runProgram(["migrate", "--data", data], { folder: folder.path, config: {} })).code).toBe(
        0,
      );
      const path = join(data, "llm-backend.db");
      const connection = new Sqlite(path);
      connection.exec("insert into kysely_migration values ('9999-later', '2030-01-01T00:00:00Z')");
      connection.exec("create table later (id integer)");
      connection.close();
      for (const args of [["serve", "--addr", "127.0.0.1:0"], ["migrate"], ["user", "list"]]) {
        const { code, stderr } = await runProgram([...args, "--data", data], { folder: folder.path });
        expect([args[0], code]).toEqual([args[0], 78]);
        expect(stderr).toContain("9999-later");
        expect(stderr).not.toMatch(/\n\s+at /);
      }
      expect(findSqliteDamage(path)).toEqual([]);
    },
    hostTestMs,
  );

  it(
    "P31: a data folder of the version before is brought to this one's schema, with all that it holds",
    async () => {
      await using folder = await makeFolder();
      const path = join(folder.path, "data", "llm-backend.db");
      await mkdir(join(folder.path, "data"));
      await createOlderDatabase(path, "0002-gateway");
      await using stage = await setHostStage({ folder: folder.path });
      const now = new Sqlite(path, { readonly: true });
      const rows = now.prepare("select id, title, model from conversations where id = 7").all();
      now.close();
      expect(rows).toEqual([{ id: 7, title: "of before", model: "m" }]);
      await judgeHost(stage);
      expect(findSqliteDamage(path)).toEqual([]);
    },
    hostTestMs,
  );
});
