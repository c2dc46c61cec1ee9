import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createFakeUpstream, startBackend } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { makeFolder, run, runHere, writeConfig } from "./run-program.ts";
import { serve } from "./serve-program.ts";

const key = "sk-very-secret-key-of-the-pool-1234";

/** A folder with a configuration, and commands that run in it. */
async function openFolder(config: Readonly<Record<string, unknown>> = {}) {
  const folder = await makeFolder();
  const file = await writeConfig(folder.path, config);
  const place = ["--config", file, "--data", join(folder.path, "data")];
  return {
    path: folder.path,
    upstream: (...args: readonly string[]) => runHere(["upstream", ...args, ...place]),
    async list(): Promise<readonly Record<string, unknown>[]> {
      const { stdout } = await runHere(["upstream", "list", "--json", ...place]);
      return stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("upstream add", () => {
  it("adds an upstream with everything that can be said of it, behind those of the file", async () => {
    await using folder = await openFolder();
    const words =
      "--name new --endpoint https://api.example.com/v1 --model gpt-* --model o3 --deny gpt-4 --alias fast=o3 --weight 2 --tier 1 --concurrency-max 5 --queue-max 9 --midstream continue --prefill prefix --discover --keep-header --token guest-token";
    const added = await folder.upstream(
      "add",
      "--key",
      key,
      "--key",
      "sk-another-key-5678",
      ...words.split(" "),
    );
    expect([added.code, added.stderr]).toEqual([0, ""]);
    expect(added.stdout).toBe("Added the upstream new, id 1: https://api.example.com/v1\n");
    const [first] = await folder.list();
    expect(first).toMatchObject({
      name: "new",
      source: "cli",
      keys: ["…1234", "…5678"],
      models: ["gpt-*", "o3"],
      deny: ["gpt-4"],
      aliases: { fast: "o3" },
      weight: 2,
      tier: 1,
      concurrencyMax: 5,
      queueMax: 9,
      midstream: "continue",
      prefill: "prefix",
      discover: true,
      keepHeaders: true,
      tokens: ["…"],
      isOpen: false,
    });
  });

  it("reads keys from standard input, where nobody on the machine sees them", async () => {
    await using folder = await makeFolder();
    const args = ["upstream", "add", "--endpoint", "https://api.example.com", "--key-stdin"];
    const added = await run(args, {
      folder: folder.path,
      config: {},
      input: `${key}\nsk-another-key-5678\n\n`,
    });
    expect(added.code).toBe(0);
    const { stdout } = await run(["upstream", "list"], { folder: folder.path });
    expect(stdout).toContain("…1234 …5678");
  });

  it("knows asis, which passes the caller's own header on", async () => {
    await using folder = await openFolder();
    await folder.upstream("add", "--endpoint", "http://localhost:5000", "--key", "asis");
    expect(await folder.list()).toContainEqual(
      expect.objectContaining({ passAuthorization: true, keys: [], name: "localhost:5000" }),
    );
    expect((await folder.upstream("list")).stdout).toMatch(/localhost:5000.*\basis\b/);
  });

  it.each([
    ["no endpoint", ["--key", key], 64],
    ["a number that is none", ["--endpoint", "http://h", "--weight", "much"], 64],
    ["an alias that is none", ["--endpoint", "http://h", "--alias", "fast"], 64],
    ["an endpoint that is none", ["--endpoint", "nowhere"], 1],
    ["a policy that is none", ["--endpoint", "http://h", "--midstream", "splice"], 1],
    ["a key with a blank", ["--endpoint", "http://h", "--key", "hunter22 hunter22"], 1],
  ])("refuses %s in a sentence", async (_name, args, code) => {
    await using folder = await openFolder();
    const refused = await folder.upstream("add", ...args);
    expect([refused.code, refused.stdout]).toEqual([code, ""]);
    expect(refused.stderr).toMatch(/\S/);
    expect(refused.stderr).not.toMatch(/hunter22|\n\s+at |\.ts:\d/);
    expect(await folder.list()).toHaveLength(1);
  });

  it("refuses the same upstream again", async () => {
    await using folder = await openFolder();
    const add = () => folder.upstream("add", "--endpoint", "https://api.example.com/v1", "--key", key);
    expect((await add()).code).toBe(0);
    expect((await add()).code).toBe(1);
  });

  it("acts on a running server within seconds, and so does upstream remove", async () => {
    await using first = await createFakeUpstream();
    await using backend = await startBackend({
      upstreams: [{ endpoint: first.url, models: ["old-model"] }],
      config: { noauth: true },
    });
    const place = ["--config", join(backend.folder, "config.yaml"), "--data", backend.dataFolder];
    const models = async () => {
      const list = (await (await fetch(`${backend.url}/v1/models`)).json()) as { data?: { id: string }[] };
      return list.data?.map(({ id }) => id) ?? [];
    };
    const added = ["--endpoint", `${first.url}/`, "--name", "second", "--model", "new-model"];
    expect((await runHere(["upstream", "add", ...added, ...place])).code).toBe(0);
    await until(async () => (await models()).includes("new-model"), "the new upstream is used");
    expect((await runHere(["upstream", "remove", "second", ...place])).code).toBe(0);
    await until(async () => !(await models()).includes("new-model"), "it is gone again");
  });
});

describe("upstream list", () => {
  it("shows what the file names before any server has started with it, and writes nothing of it", async () => {
    await using folder = await openFolder({
      upstreams: [{ name: "one", endpoint: "http://127.0.0.1:9/v1", key, models: ["gpt-*"] }],
    });
    await folder.upstream("add", "--endpoint", "https://api.example.com/v1");
    for (let round = 0; round < 2; round++) {
      expect((await folder.list()).map(({ id, name, source, keys }) => [id, name, source, keys])).toEqual([
        [1, "api.example.com", "cli", []],
        [null, "one", "config", ["…1234"]],
      ]);
    }
  });

  it("shows keys whole only where the operator says so", async () => {
    const upstreams = [{ name: "one", endpoint: "http://127.0.0.1:9/v1", key }];
    await using masked = await openFolder({ upstreams });
    expect((await masked.upstream("list", "--plain")).stdout).not.toContain("secret");
    await using shown = await openFolder({ upstreams, gateway: { show_keys: true } });
    expect((await shown.upstream("list", "--plain")).stdout).toContain(
      `${key}\thttp://127.0.0.1:9/v1\t0\t0\tnever`,
    );
  });
});

describe("upstream remove", () => {
  it("removes by name or by id, and says what is not there", async () => {
    await using folder = await openFolder({ upstreams: [] });
    await folder.upstream("add", "--endpoint", "http://one.example", "--name", "one");
    await folder.upstream("add", "--endpoint", "http://two.example", "--name", "two");
    expect((await folder.upstream("remove", "one")).stdout).toBe("Removed the upstream one.\n");
    expect((await folder.upstream("remove", "2")).code).toBe(0);
    expect(await folder.list()).toEqual([]);
    const gone = await folder.upstream("remove", "one");
    expect([gone.code, gone.stderr]).toEqual([1, "llm-backend: There is no upstream one.\n"]);
  });
});

describe("the earlier gateway's calls", () => {
  it("add and list upstreams in a database that they make", async () => {
    await using folder = await makeFolder();
    const inFolder = { folder: folder.path, config: "upstreams: []" };
    const add = ["-add", "-sk", key, "-endpoint", "https://api.openai.com/v1", "-database", "./db.sqlite"];
    const added = await run(add, inFolder);
    expect([added.code, added.stderr]).toEqual([0, ""]);
    expect((await stat(join(folder.path, "db.sqlite"))).size).toBeGreaterThan(0);
    const listed = await run(["-list", "-database=./db.sqlite"], inFolder);
    expect(listed.code).toBe(0);
    expect(listed.stdout).toBe(
      "SK\tEndpoint\tSuccess\tFailed\tLast Success Time\n…1234\thttps://api.openai.com/v1\t0\t0\tnever\n",
    );
  });

  it("need a key to add, as they did", async () => {
    const { code, stdout, stderr } = await runHere(["-add", "-endpoint", "http://h"]);
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toContain("--key");
  });

  it("serve, with their flags and their file, to everyone under -noauth", async () => {
    await using upstream = await createFakeUpstream();
    await using folder = await makeFolder();
    const file = await writeConfig(folder.path, `upstreams: [{ sk: ${key}, endpoint: "${upstream.url}" }]`);
    await using server = await serve(folder.path, [
      "-config",
      file,
      "-noauth",
      "-dblog",
      "--database",
      "./db.sqlite",
    ]);
    const body = JSON.stringify({ model: "fake-model", messages: [{ role: "user", content: "hi" }] });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${server.url}/v1/chat/completions`, { method: "POST", body, headers });
    expect(answer.status).toBe(200);
    await answer.text();
    expect(upstream.calls.at(-1)?.headers.authorization).toBe(`Bearer ${key}`);
    await until(() => server.output().includes('"level":"debug"'), "attempts are logged");
  });
});
