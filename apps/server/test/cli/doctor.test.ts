import { join } from "node:path";
import { createFakeUpstream, fail, findClosedPort } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { makeFolder, runHere, writeConfig } from "./run-program.ts";

/** Runs a command over these upstreams, and reads its table. */
async function examine(args: readonly string[], upstreams: readonly Record<string, unknown>[]) {
  await using folder = await makeFolder();
  const file = await writeConfig(folder.path, { upstreams });
  const place = ["--config", file, "--data", join(folder.path, "data")];
  const { code, stdout, stderr } = await runHere([...args, ...place]);
  const lines = stdout.trimEnd().split("\n");
  return { code, stdout, stderr, rows: lines.map((line) => line.trimEnd().split(/ {2,}/)) };
}

const goodKey = "sk-a-good-key-of-the-tests-1111";
const badKey = "sk-a-bad-key-of-the-tests-2222";

describe("doctor", () => {
  it("finds nothing wrong with an upstream that answers, and ends with 0", async () => {
    await using upstream = await createFakeUpstream({ models: ["m-1", "m-2"] });
    const { code, rows, stderr } = await examine(
      ["doctor"],
      [{ name: "good", endpoint: upstream.url, key: goodKey }],
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(rows[0]).toEqual([
      "upstream",
      "key",
      "reached",
      "accepted",
      "models",
      "streams",
      "first token",
      "problem",
    ]);
    expect(rows[1]?.slice(0, 6)).toEqual(["good", "…1111", "yes", "yes", "2", "yes"]);
    expect(rows[1]?.[6]).toMatch(/^\d+ ms \(m-\d\)$/);
    expect(rows).toHaveLength(2);
  });

  it("looks at every key by itself, names what is wrong, and ends with 1", async () => {
    await using upstream = await createFakeUpstream();
    await using refusing = await createFakeUpstream({
      reply: fail(401, { error: { message: "Incorrect API key provided", code: "invalid_api_key" } }),
      early: () => fail(401, { error: { message: "Incorrect API key provided", code: "invalid_api_key" } }),
    });
    const closed = `http://127.0.0.1:${await findClosedPort()}/v1`;
    const { code, stdout, stderr, rows } = await examine(
      ["doctor"],
      [
        { name: "good", endpoint: upstream.url, keys: [goodKey, "sk-another-good-key-3333"] },
        { name: "refusing", endpoint: refusing.url, key: badKey },
        { name: "closed", endpoint: closed },
      ],
    );
    expect(code).toBe(1);
    expect(stderr).toBe("llm-backend: 2 of 4 upstreams and keys cannot be used as they are.\n");
    expect(rows.slice(1).map((row) => row.slice(0, 4))).toEqual([
      ["good", "…1111", "yes", "yes"],
      ["good", "…3333", "yes", "yes"],
      ["refusing", "…2222", "yes", "no"],
      ["closed", "none", "no", "-"],
    ]);
    expect(stdout).not.toContain("-key-of-the-tests");
  });

  it("says the same to a program", async () => {
    await using upstream = await createFakeUpstream();
    const { stdout } = await examine(
      ["doctor", "--json", "--model", "fake-model"],
      [{ name: "good", endpoint: upstream.url, key: goodKey }],
    );
    expect(JSON.parse(stdout)).toMatchObject({
      upstream: "good",
      key: "…1111",
      isReachable: true,
      isKeyAccepted: true,
      isStreaming: true,
      model: "fake-model",
      firstTokenMs: expect.any(Number),
    });
  });
});

describe("upstream test", () => {
  it("asks the one that it is told, with its stored key", async () => {
    await using upstream = await createFakeUpstream();
    await using folder = await makeFolder();
    const file = await writeConfig(folder.path);
    const place = ["--config", file, "--data", join(folder.path, "data")];
    const add = ["upstream", "add", "--endpoint", upstream.url, "--name", "one", "--key", goodKey];
    expect((await runHere([...add, ...place])).code).toBe(0);
    const { code, stdout } = await runHere(["upstream", "test", "one", ...place]);
    expect(code).toBe(0);
    expect(stdout).toContain("…1111");
    expect(upstream.calls.at(-1)?.headers.authorization).toBe(`Bearer ${goodKey}`);
    expect((await runHere(["upstream", "test", "two", ...place])).code).toBe(1);
  });
});
