import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { readSecrets, type SecretSources } from "../../src/secrets/read-secrets.ts";
import { createTemporaryFolder } from "../config/temporary-folder.ts";

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

function createSources(given: Partial<SecretSources> = {}): SecretSources {
  const data = createTemporaryFolder();
  return {
    data,
    database: join(data, "llm-backend.db"),
    jwt: { secret: undefined },
    master_key: undefined,
    master_key_file: undefined,
    ...given,
  };
}

describe("the first start", () => {
  it("makes both secrets at random, for their owner only, and nothing else", () => {
    const sources = createSources();
    const { jwtSecret, masterKey, notices } = readSecrets(sources);
    expect(Buffer.from(jwtSecret, "base64url")).toHaveLength(48);
    expect(masterKey).toHaveLength(32);
    expect(notices).toEqual([]);
    expect(readdirSync(sources.data).toSorted()).toEqual(["jwt.secret", "master.key"]);
    expect(modeOf(join(sources.data, "jwt.secret"))).toBe("600");
    expect(modeOf(join(sources.data, "master.key"))).toBe("600");
    const others = readSecrets(createSources());
    expect(others.jwtSecret).not.toBe(jwtSecret);
    expect(Buffer.from(others.masterKey)).not.toEqual(Buffer.from(masterKey));
  });

  it("makes them under any umask", () => {
    const before = process.umask(0);
    try {
      const sources = createSources();
      readSecrets(sources);
      expect(modeOf(join(sources.data, "jwt.secret"))).toBe("600");
    } finally {
      process.umask(before);
    }
  });

  it("is followed by starts that read the same", () => {
    const sources = createSources();
    const first = readSecrets(sources);
    expect(readSecrets(sources)).toEqual(first);
  });

  it("may happen many times at once: all processes get the same secrets", async () => {
    const sources = createSources();
    const module = fileURLToPath(new URL("../../src/secrets/read-secrets.ts", import.meta.url));
    const program = `
      import { readSecrets } from ${JSON.stringify(module)};
      process.stdin.once("data", () => {
        const { jwtSecret, masterKey } = readSecrets(${JSON.stringify(sources)});
        process.stdout.write(jwtSecret + Buffer.from(masterKey).toString("hex"));
        process.exit(0);
      });
      process.stdout.write("ready:");`;
    const flags = ["--conditions=@llm-backend/source", "--input-type=module-typescript", "--eval", program];
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, flags, { stdio: ["pipe", "pipe", "inherit"] }),
    );
    const outputs = children.map(async (child) => {
      let text = "";
      child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
      await once(child, "close");
      return text;
    });
    await Promise.all(children.map((child) => once(child.stdout, "data")));
    for (const child of children) child.stdin.write("go");
    const texts = new Set(await Promise.all(outputs));
    expect(texts.size).toBe(1);
    expect([...texts][0]).toMatch(/^ready:[\w-]{64}[0-9a-f]{64}$/);
    expect(readdirSync(sources.data).toSorted()).toEqual(["jwt.secret", "master.key"]);
  });

  it("warns when the database is older than the key", () => {
    const sources = createSources();
    writeFileSync(sources.database, "");
    const { notices } = readSecrets(sources);
    expect(notices).toMatchObject([{ path: join(sources.data, "master.key"), level: "warn" }]);
    expect(readSecrets(sources).notices).toEqual([]);
  });
});

describe("configured secrets", () => {
  it("are used, and no file is made", () => {
    const key = new Uint8Array(32).map((_, index) => index);
    const sources = createSources({ jwt: { secret: "an operator's own secret" }, master_key: key });
    expect(readSecrets(sources)).toEqual({
      jwtSecret: "an operator's own secret",
      masterKey: key,
      notices: [],
    });
    expect(readdirSync(sources.data)).toEqual([]);
  });

  it("may come from a file of the operator's, whose rights are only remarked on", () => {
    const file = join(createTemporaryFolder(), "key");
    const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 5));
    writeFileSync(file, `${key.toString("base64")}\n`, { mode: 0o600 });
    expect(readSecrets(createSources({ master_key_file: file }))).toMatchObject({ notices: [] });
    chmodSync(file, 0o444);
    const { masterKey, notices } = readSecrets(createSources({ master_key_file: file }));
    expect(Buffer.from(masterKey)).toEqual(key);
    expect(notices).toEqual([
      { path: "master_key_file", message: `${file} can be read by others (mode 0444)`, level: "warn" },
    ]);
    expect(modeOf(file)).toBe("444");
  });

  it.each([
    ["is not there", undefined, "cannot be read: there is no such file"],
    ["is empty", "", "must be 32 bytes"],
    ["holds something else", "hunter2", "must be 32 bytes"],
    ["was not made at random", "0".repeat(64), "too regular"],
  ])("are refused when their file %s", (_, content, reason) => {
    const file = join(createTemporaryFolder(), "key");
    if (content !== undefined) writeFileSync(file, content);
    const read = () => readSecrets(createSources({ master_key_file: file }));
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`master_key_file: ${file} `);
    expect(read).toThrow(reason);
    expect(read).not.toThrow("hunter2");
  });
});

describe("files in the data folder", () => {
  it("that others can read are closed, and that is said once", () => {
    const sources = createSources();
    const first = readSecrets(sources);
    const file = join(sources.data, "master.key");
    chmodSync(file, 0o644);
    const second = readSecrets(sources);
    expect(second.masterKey).toEqual(first.masterKey);
    expect(second.notices).toEqual([
      { path: file, message: "could be read by others (mode 0644); now only its owner can", level: "warn" },
    ]);
    expect(modeOf(file)).toBe("600");
    expect(readSecrets(sources).notices).toEqual([]);
  });

  it.each([
    ["jwt.secret", "", "is shorter than 16 bytes; put a copy back"],
    ["jwt.secret", "changeme", "is a sample"],
    ["master.key", "", "is no master key; put a copy back"],
    ["master.key", "hunter2", "is no master key"],
  ])("that are damaged are refused, never replaced: %s %j", (name, content, reason) => {
    const sources = createSources();
    const file = join(sources.data, name);
    writeFileSync(file, content, { mode: 0o600 });
    const read = () => readSecrets(sources);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`${file}: ${reason}`);
    expect(read).not.toThrow("hunter2");
    expect(readFileSync(file, "utf8")).toBe(content);
  });

  it("that cannot be read or made are refused in one line", () => {
    const sources = createSources();
    mkdirSync(join(sources.data, "jwt.secret"));
    expect(() => readSecrets(sources)).toThrow(/^\S+jwt\.secret: cannot be read or made: it is a folder$/);
    rmSync(sources.data, { recursive: true });
    expect(() => readSecrets(sources)).toThrow(
      /^\S+jwt\.secret: cannot be read or made: there is no such file or folder$/,
    );
  });
});
