import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { sourceArguments, spawnBackend } from "@llm-backend/testing";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../src/cli/run-cli.ts";
import { makeFolder, run, runHere, writeConfig } from "./run-program.ts";

/** A command and all below it, by the words that call it. */
function listCommands(
  command: Command,
  words: readonly string[] = [],
): { words: readonly string[]; command: Command }[] {
  return [
    { words, command },
    ...command.commands.flatMap((child) => listCommands(child, [...words, child.name()])),
  ];
}

/** No stack, no place in our sources: whoever reads it is an operator. */
const expectSentence = (text: string) =>
  expect(text).not.toMatch(/\n\s+at |\.ts:\d|node_modules|TypeError|\[object/);

describe("--help", () => {
  const commands = listCommands(createProgram());

  it("is there for every command, and names its options", () => {
    expect(commands.map(({ words }) => words.join(" "))).toEqual(
      expect.arrayContaining([
        "",
        "serve",
        "migrate",
        "check",
        "user create",
        "user list",
        "upstream add",
        "upstream list",
        "upstream remove",
        "upstream test",
        "key create",
        "key list",
        "key revoke",
        "records tail",
        "doctor",
        "config check",
        "version",
      ]),
    );
    for (const { words, command } of commands) {
      const help = command.helpInformation();
      expect(help).toContain("Usage: llm-backend");
      expect([words.join(" "), command.description()]).toEqual([words.join(" "), expect.stringMatching(/./)]);
      for (const option of command.options)
        expect([option.flags, option.description]).toEqual([option.flags, expect.stringMatching(/./)]);
    }
  });

  it.each([
    [["--help"]],
    [["serve", "--help"]],
    [["user", "--help"]],
    [["user", "create", "-h"]],
    [["help", "config"]],
  ])("of %j is printed on standard output, and is no failure", async (args) => {
    const { code, stdout, stderr } = await runHere(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Usage: llm-backend");
  });
});

describe("words that mean nothing", () => {
  it.each([
    ["an unknown command", ["nonsense"]],
    ["an unknown command below another", ["user", "nonsense"]],
    ["an unknown flag", ["--nonsense"]],
    ["an unknown flag of a command", ["user", "list", "--nonsense"]],
    ["a flag without its value", ["--config"]],
    ["a missing name", ["user", "create"]],
    ["more than is asked for", ["version", "more"]],
    ["a group without a command", ["user"]],
  ])("are refused with 64 and a sentence: %s", async (_name, args) => {
    const { code, stdout, stderr } = await runHere(args);
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toMatch(/./);
    expectSentence(stderr);
  });
});

describe("version", () => {
  it("prints the version and nothing else", async () => {
    const { code, stdout } = await runHere(["version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("config check", () => {
  it("says that a configuration can be used, and leaves no data behind", async () => {
    await using folder = await makeFolder();
    const config = await writeConfig(folder.path);
    const { code, stdout } = await runHere(["config", "check", "--config", config]);
    expect(code).toBe(0);
    expect(stdout).toContain("The configuration can be used.");
    expect(await readdir(folder.path)).toEqual(["config.yaml"]);
  });

  const wrong = {
    upstreams: [{ endpoint: "nowhere" }],
    drain_seconds: -5,
    nonsense: true,
    jwt: { secret: "secret" },
  };

  it.each([
    [["config", "check"]],
    [["serve"]],
    [["migrate"]],
    [["user", "list"]],
    [["upstream", "list"]],
    [["key", "list"]],
    [["doctor"]],
    [["records", "tail"]],
  ])("lists every mistake at once, and so does every other command, with 78: %j", async (args) => {
    await using folder = await makeFolder();
    const config = await writeConfig(folder.path, wrong);
    const { code, stdout, stderr } = await runHere([...args, "--config", config]);
    expect(code).toBe(78);
    for (const path of ["upstreams", "drain_seconds", "nonsense", "jwt.secret"])
      expect(stderr).toContain(path);
    expect(stdout).not.toContain("can be used");
    expectSentence(stderr);
    expect(await readdir(folder.path)).toEqual(["config.yaml"]);
  });

  it("refuses a file that is not there and one that is no YAML", async () => {
    const missing = await runHere(["config", "check", "--config", "missing.yaml"]);
    expect([missing.code, missing.stderr]).toEqual([78, expect.stringContaining("missing.yaml")]);
    await using folder = await makeFolder();
    const file = await writeConfig(folder.path, "a: [1, 2\nb: {");
    const broken = await runHere(["config", "check", "--config", file]);
    expect(broken.code).toBe(78);
    expectSentence(missing.stderr + broken.stderr);
  });

  it("takes what the environment and the flags say before what the file says", async () => {
    const env = { LLM_BACKEND_DRAIN_SECONDS: "never" };
    const { code, stderr } = await run(["config", "check"], { config: {}, env });
    expect([code, stderr]).toEqual([78, expect.stringContaining("LLM_BACKEND_DRAIN_SECONDS")]);
    const flags = await runHere(["config", "check", "--addr", "nowhere:at:all"]);
    expect([flags.code, flags.stderr]).toEqual([78, expect.stringContaining("--addr")]);
  });
});

describe("migrate", () => {
  it("makes the database, for its owner only, and changes nothing the second time", async () => {
    await using folder = await makeFolder();
    for (let round = 0; round < 2; round++) {
      const { code, stdout } = await run(["migrate"], {
        folder: folder.path,
        ...(round === 0 ? { config: {} } : {}),
      });
      expect([code, stdout]).toEqual([0, expect.stringContaining("has this version's schema")]);
    }
    const { mode } = await stat(join(folder.path, "data"));
    expect(mode & 0o777).toBe(0o700);
    expect((await stat(join(folder.path, "data", "llm-backend.db"))).mode & 0o777).toBe(0o600);
  });

  it("does not touch a database that a server runs on", async () => {
    await using backend = await spawnBackend();
    const { code, stderr } = await runHere(["migrate", "--data", backend.dataFolder]);
    expect(code).toBe(78);
    expect(stderr).toContain("Another server already uses the database");
    expectSentence(stderr);
  });
});

describe("a data folder", () => {
  it("that a server uses is refused to a second one, in one sentence, with 78; the first one goes on", async () => {
    await using backend = await spawnBackend();
    const { code, stderr } = await run(["--data", backend.dataFolder, "--addr", "127.0.0.1:0"]);
    expect(code).toBe(78);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain("Another server already uses the database");
    expect((await fetch(`${backend.url}/readyz`)).status).toBe(200);
  });

  it.each([
    ["is a file", "file"],
    ["lies below a file", "file/data"],
    ["cannot be made", "/proc/data"],
  ])("that %s is refused in one sentence, with 78", async (_name, data) => {
    await using folder = await makeFolder();
    await writeFile(join(folder.path, "file"), "");
    const config = await writeConfig(folder.path);
    const place = resolve(folder.path, data);
    const { code, stderr } = await runHere(["--config", config, "--data", place, "--addr", "127.0.0.1:0"]);
    expect(code).toBe(78);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expectSentence(stderr);
  });

  it("of which the database is none is refused in one sentence, with 78", async () => {
    await using folder = await makeFolder();
    await mkdir(join(folder.path, "data"));
    await writeFile(
      join(folder.path, "data", "llm-backend.db"),
      "this is no database, and long enough to look like one".repeat(50),
    );
    const { code, stderr } = await run(["--addr", "127.0.0.1:0"], { folder: folder.path, config: {} });
    expect(code).toBe(78);
    expectSentence(stderr);
  });
});

describe("upstream list", () => {
  it("shows what the server last started with, and of keys no more than their end", async () => {
    const key = "sk-very-secret-key-of-the-pool-1234";
    await using backend = await spawnBackend({
      upstreams: [
        { name: "one", endpoint: "http://127.0.0.1:9/v1", key, models: ["gpt-*"] },
        { name: "two", endpoint: "http://127.0.0.1:10/v1" },
      ],
    });
    const { code, stdout } = await runHere([
      "upstream",
      "list",
      "--config",
      join(backend.folder, "config.yaml"),
      "--data",
      backend.dataFolder,
    ]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("secret");
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    const counted = ["on", "0", "0", "never"];
    expect(rows).toEqual([
      ["id", "name", "from", "endpoint", "key", "models", "used", "successes", "failures", "last success"],
      ["1", "one", "config", "http://127.0.0.1:9/v1", "…1234", "gpt-*", ...counted],
      ["2", "two", "config", "http://127.0.0.1:10/v1", "none", "all", ...counted],
    ]);
  });
});

describe("a reader that wants only the first line", () => {
  it("does not make a command fail", async () => {
    await using folder = await makeFolder();
    await writeConfig(folder.path, {});
    const node = [process.execPath, ...sourceArguments].map((word) => `'${word}'`).join(" ");
    const child = spawn("bash", ["--norc", "-c", `${node} --help | head -1; echo "code \${PIPESTATUS[0]}"`], {
      cwd: folder.path,
      env: { PATH: process.env.PATH ?? "" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await once(child, "close");
    expect(output.split("\n")[0]).toContain("Usage: llm-backend");
    expect(output).toContain("code 0");
    expectSentence(output);
  });
});
