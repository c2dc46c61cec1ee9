import { join } from "node:path";
import { createFakeUpstream, startBackend } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { makeFolder, run, runHere, writeConfig } from "./run-program.ts";

async function openFolder() {
  const folder = await makeFolder();
  const file = await writeConfig(folder.path);
  const place = ["--config", file, "--data", join(folder.path, "data")];
  return {
    key: (...args: readonly string[]) => runHere(["key", ...args, ...place]),
    user: (...args: readonly string[]) =>
      run(["user", ...args], { folder: folder.path, input: "a-good-pass-phrase" }),
    async list(): Promise<readonly Record<string, unknown>[]> {
      const { stdout } = await runHere(["key", "list", "--json", ...place]);
      return stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("key create", () => {
  it("prints the key alone on standard output, and never shows it again", async () => {
    await using folder = await openFolder();
    const { code, stdout, stderr } = await folder.key("create", "--name", "ci");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sk-llmb-[\w-]{43}\n$/);
    expect(stderr).toMatch(/^Made the key key_\w+ \(ci\)\. It is not shown again\.\n$/);
    const secret = stdout.trim();
    for (const form of [["list"], ["list", "--json"]]) {
      const listed = await folder.key(...form);
      expect(listed.stdout).toContain("ci");
      expect(listed.stdout).toContain(secret.slice(-4));
      expect(listed.stdout).not.toContain(secret.slice(12, -4));
    }
  });

  it("takes everything that a key can be limited to", async () => {
    await using folder = await openFolder();
    expect((await folder.user("create", "ann")).code).toBe(0);
    const words =
      "--scope inference --scope admin --model gpt-* --model o3 --user Ann --expires 30 --requests-per-minute 60 --tokens-per-minute 9000 --concurrent-max 4 --budget 12.5/month --json";
    const { code, stdout } = await folder.key("create", "--name", "all", ...words.split(" "));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: "all", secret: expect.stringMatching(/^sk-llmb-/) });
    const [shown] = await folder.list();
    expect(shown).toMatchObject({
      scopes: ["inference", "admin"],
      models: ["gpt-*", "o3"],
      userId: expect.any(Number),
      requestsPerMinute: 60,
      tokensPerMinute: 9_000,
      concurrentMax: 4,
      budget: { nanos: 12_500_000_000, window: "month" },
    });
    const days = (Date.parse(String(shown?.expiresAt)) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect((await folder.key("list")).stdout).toContain(
      "60 requests/min, 9000 tokens/min, 4 at a time, $12.5/month",
    );
  });

  it.each([
    ["no name", [], 64],
    ["a budget that is none", ["--name", "x", "--budget", "much"], 64],
    ["a date that has passed", ["--name", "x", "--expires", "2020-01-01"], 64],
    ["a scope that is none", ["--name", "x", "--scope", "root"], 1],
    ["a limit of nothing", ["--name", "x", "--concurrent-max", "0"], 1],
    ["a user who is not there", ["--name", "x", "--user", "nobody"], 1],
  ])("refuses %s in a sentence", async (_name, args, code) => {
    await using folder = await openFolder();
    const refused = await folder.key("create", ...args);
    expect([refused.code, refused.stdout]).toEqual([code, ""]);
    expect(refused.stderr).toMatch(/\S/);
    expect(refused.stderr).not.toMatch(/\n\s+at |\.ts:\d/);
    expect(await folder.list()).toEqual([]);
  });
});

describe("key list", () => {
  it("lists all keys, however many there are, newest first", async () => {
    await using folder = await openFolder();
    for (const name of ["one", "two", "three"]) await folder.key("create", "--name", name);
    expect((await folder.list()).map(({ name }) => name)).toEqual(["three", "two", "one"]);
  });
});

describe("key revoke", () => {
  it("ends a key that a running server let in until then", async () => {
    await using upstream = await createFakeUpstream();
    await using backend = await startBackend({ upstreams: [upstream.url] });
    const place = ["--config", join(backend.folder, "config.yaml"), "--data", backend.dataFolder];
    const made = await runHere(["key", "create", "--name", "ci", "--json", ...place]);
    const { secret, keyId } = JSON.parse(made.stdout) as { secret: string; keyId: string };
    const call = async () => {
      const headers = { authorization: `Bearer ${secret}` };
      return (await fetch(`${backend.url}/v1/models`, { headers })).status;
    };
    expect(await call()).toBe(200);
    const { code, stdout } = await runHere(["key", "revoke", keyId, ...place]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`The key ${keyId} (ci) is revoked`)]);
    await until(async () => (await call()) === 403, "the key is refused");
    expect((await runHere(["key", "list", ...place])).stdout).toContain("revoked");
  });

  it("says that a key is not there", async () => {
    await using folder = await openFolder();
    const { code, stderr } = await folder.key("revoke", "key_0000000000000000000000");
    expect([code, stderr]).toEqual([1, "llm-backend: There is no such key.\n"]);
  });
});
