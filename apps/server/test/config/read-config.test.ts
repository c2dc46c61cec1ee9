import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { createEnvironment, findProblems, readText } from "./config-text.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const secret = "sKs8Jm2pWq94xvTzR7nYb1LdHc60GfUe";

describe("without any file", () => {
  it("has every default: loopback, ./data, upstreams to be found", () => {
    const folder = createTemporaryFolder();
    const { config, notices, source } = readConfig({ environment: createEnvironment(), flags: {}, folder });
    expect(config.listen).toEqual([{ host: "127.0.0.1", port: 8080 }]);
    expect(config.data).toBe(join(folder, "data"));
    expect(config.database).toBe(join(folder, "data", "llm-backend.db"));
    expect(config.find_upstreams).toBe(true);
    expect(config.jwt.secret).toBeUndefined();
    expect(config.master_key).toBeUndefined();
    expect(config.clocks).toEqual({
      connect_seconds: 3,
      first_byte_seconds: 30,
      whole_answer_seconds: 120,
      first_token_seconds: 60,
      idle_seconds: 60,
    });
    expect(config.auth.argon2).toEqual({ memory_kib: 65_536, time_cost: 3 });
    expect(config.limits.body_bytes_max).toBeGreaterThan(6_000_000);
    expect(config.cors.origins).toEqual(["*"]);
    expect(config.drain_seconds).toBe(30);
    expect(notices).toEqual([]);
    expect(source).toEqual({ file: undefined, sentence: "Configuration: no file, only defaults" });
  });
});

describe("the file", () => {
  it("is config.yaml of the working directory, and the log learns of it", () => {
    const { source, folder } = readText("drain_seconds: 5", {
      flags: { addr: ":1" },
      settings: { LLM_BACKEND_DATA: "x" },
    });
    expect(source.file).toBe(join(folder, "config.yaml"));
    expect(source.sentence).toBe(`Configuration: ${folder}/config.yaml; then LLM_BACKEND_DATA, --addr`);
  });

  it("is the one that a flag names, before the one of the environment, before config.yaml", () => {
    const folder = createTemporaryFolder();
    for (const [name, seconds] of [
      ["config.yaml", 1],
      ["environment.yaml", 2],
      ["flag.yaml", 3],
    ] as const) {
      writeFileSync(join(folder, name), `drain_seconds: ${seconds}`);
    }
    const environment = createEnvironment({ LLM_BACKEND_CONFIG: "environment.yaml" });
    const read = (flags: { config?: string }, settings = environment) =>
      readConfig({ environment: settings, flags, folder }).config.drain_seconds;
    expect(read({ config: "flag.yaml" })).toBe(3);
    expect(read({})).toBe(2);
    expect(read({}, createEnvironment())).toBe(1);
  });

  it("has to be there when it is named", () => {
    const folder = createTemporaryFolder();
    const read = () =>
      readConfig({ environment: createEnvironment(), flags: { config: "nope.yaml" }, folder });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`${folder}/nope.yaml: cannot be read: there is no such file`);
  });

  it("cannot be a folder or a huge file", () => {
    const folder = createTemporaryFolder();
    mkdirSync(join(folder, "folder.yaml"));
    writeFileSync(join(folder, "huge.yaml"), "#".repeat(1_048_577));
    const read = (config: string) => () =>
      readConfig({ environment: createEnvironment(), flags: { config }, folder });
    expect(read("folder.yaml")).toThrow("it is a folder");
    expect(read("huge.yaml")).toThrow("is larger than 1 MiB");
  });

  it.each(["", "# nothing\n", "\ufeff# nothing\n", "---\n", "auth:\nlog:\n  level:\nupstreams:\n"])(
    "may be empty, or have keys without values: %j",
    (text) => {
      expect(readText(text).config.find_upstreams).toBe(true);
    },
  );

  it("may be JSON, use anchors and merge them", () => {
    expect(readText('{ "drain_seconds": 7 }').config.drain_seconds).toBe(7);
    const text = [
      "upstreams:",
      "  - &first { name: a, endpoint: http://localhost:1, models: [m] }",
      "  - { <<: *first, name: b }",
    ].join("\n");
    const { upstreams } = readText(text).config;
    expect(upstreams.map(({ name, models }) => [name, models])).toEqual([
      ["a", ["m"]],
      ["b", ["m"]],
    ]);
  });

  it("is refused when its aliases multiply", () => {
    const lines = Array.from({ length: 12 }, (_, index) => {
      const items = Array.from({ length: 9 }, () => (index === 0 ? "x" : `*a${index - 1}`));
      return `a${index}: &a${index} [${items.join(", ")}]`;
    });
    expect(findProblems(lines.join("\n"))[0]?.message).toContain("refer to too much");
  });

  it("keeps keys of digits as they are written", () => {
    const { config } = readText(
      "upstreams: [{ endpoint: http://localhost:1, sk: 00123 }, { endpoint: http://localhost:1, key: 1e5 }]",
    );
    expect(config.upstreams.map(({ keys }) => keys)).toEqual([["00123"], ["1e5"]]);
    const list = readText("upstreams: [{ endpoint: http://localhost:1, keys: [007, 0x1F, 007] }]").config;
    expect(list.upstreams[0]?.keys).toEqual(["007", "0x1F"]);
    expect(readText("authorization: 0123").config.access.tokens).toEqual(["0123"]);
  });
});

describe("precedence", () => {
  const text = "address: ':1'\ndata: file\nlog: { level: debug, format: json }\ndatabase: file.db";

  it("puts the environment before the file, and flags before both", () => {
    const settings = {
      LLM_BACKEND_ADDR: "127.0.0.1:2",
      LLM_BACKEND_LOG_LEVEL: "warn",
      LLM_BACKEND_DATA: "environment",
    };
    const { config, folder } = readText(text, {
      settings,
      flags: { addr: "localhost:3", logLevel: "error" },
    });
    expect(config.listen).toEqual([{ host: "localhost", port: 3 }]);
    expect(config.log).toEqual({ level: "error", format: "json" });
    expect(config.data).toBe(join(folder, "environment"));
    expect(config.database).toBe(join(folder, "file.db"));
  });

  it("lets a stronger source replace what the weaker one says in other words", () => {
    const file = `server: { host: 127.0.0.1, port: 1 }\nmaster_key_file: x`;
    const masterKey = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString("base64");
    const { config } = readText(file, {
      settings: { LLM_BACKEND_ADDR: ":5", LLM_BACKEND_MASTER_KEY: masterKey },
    });
    expect(config.listen).toEqual([{ host: undefined, port: 5 }]);
    expect(config.master_key).toHaveLength(32);
    expect(config.master_key_file).toBeUndefined();
  });

  it("reports what contradicts within the environment", () => {
    const settings = { LLM_BACKEND_MASTER_KEY: "a".repeat(64), LLM_BACKEND_MASTER_KEY_FILE: "x" };
    expect(findProblems("", { settings }).map(({ path }) => path)).toEqual([
      "LLM_BACKEND_MASTER_KEY",
      "master_key_file",
    ]);
  });

  it("reads lists and numbers from the environment", () => {
    const { config } = readText("", {
      settings: {
        LLM_BACKEND_TRUSTED_PROXIES: "loopback, 10.0.0.0/8",
        LLM_BACKEND_CORS_ORIGINS: "https://a.example,https://b.example:8443",
        LLM_BACKEND_DRAIN_SECONDS: "2.5",
        LLM_BACKEND_REGISTRATION: "closed",
        LLM_BACKEND_JWT_SECRET: secret,
        LLM_BACKEND_LOG_FORMAT: "pretty",
      },
    });
    expect(config.trusted_proxies).toEqual(["loopback", "10.0.0.0/8"]);
    expect(config.cors.origins).toEqual(["https://a.example", "https://b.example:8443"]);
    expect(config.drain_seconds).toBe(2.5);
    expect(config.auth.registration).toBe("closed");
    expect(config.jwt.secret).toBe(secret);
    expect(config.log.format).toBe("pretty");
  });
});

/** [what the file says, where the server listens] */
const addresses: readonly (readonly [string, readonly (readonly [string | undefined, number])[]])[] = [
  ["server: { port: 8080 }", [[undefined, 8080]]],
  ['server: { port: "8080" }', [[undefined, 8080]]],
  ['server: { port: ":8080" }', [[undefined, 8080]]],
  ['server: { port: "127.0.0.1:8080" }', [["127.0.0.1", 8080]]],
  ["server: { host: 127.0.0.1, port: 9000 }", [["127.0.0.1", 9000]]],
  ["server: { host: '::1' }", [["::1", 8080]]],
  ["server: { host: 0.0.0.0 }", [["0.0.0.0", 8080]]],
  ["server: { host: '*', port: 1 }", [[undefined, 1]]],
  ["address: ':8888'", [[undefined, 8888]]],
  ["address: 8888", [[undefined, 8888]]],
  ["address: '*:8888'", [[undefined, 8888]]],
  ["address: localhost:0", [["localhost", 0]]],
  ["address: '[::1]:8888'", [["::1", 8888]]],
  [
    "address: ['127.0.0.1:1', '[::1]:1']",
    [
      ["127.0.0.1", 1],
      ["::1", 1],
    ],
  ],
  ["", [["127.0.0.1", 8080]]],
];

describe("where it listens", () => {
  it.each(addresses)("follows from %j", (text, expected) => {
    expect(readText(text).config.listen.map(({ host, port }) => [host, port])).toEqual(expected);
  });

  it("is said when other machines can reach it", () => {
    const told = (text: string) =>
      readText(text).notices.some(({ message }) => message.includes("other machines"));
    expect(told("address: ':80'")).toBe(true);
    expect(told("address: 0.0.0.0:80")).toBe(true);
    expect(told("address: ['localhost:80', '127.0.0.1:81', '[::1]:80']")).toBe(false);
  });
});

describe("notices", () => {
  const pathsOf = (text: string, environment = createEnvironment()) => {
    const folder = createTemporaryFolder();
    writeFileSync(join(folder, "config.yaml"), text);
    return readConfig({ environment, flags: {}, folder }).notices.map(({ path }) => path);
  };

  it("warn of a variable that is ours by its beginning only", () => {
    const environment = { ...createEnvironment(), unknownSettings: ["LLM_BACKEND_LOGLEVEL"] };
    const { notices } = readConfig({ environment, flags: {}, folder: createTemporaryFolder() });
    expect(notices).toEqual([
      {
        path: "LLM_BACKEND_LOGLEVEL",
        message: "is no known variable; did you mean LLM_BACKEND_LOG_LEVEL?",
        level: "warn",
      },
    ]);
  });

  it("warn of a key that travels in plain text across the public network", () => {
    const upstream = (endpoint: string) => pathsOf(`upstreams: [{ endpoint: '${endpoint}', key: k }]`);
    expect(upstream("http://api.example.com/v1")).toEqual(["upstreams[0].endpoint"]);
    expect(upstream("http://8.8.8.8/v1")).toEqual(["upstreams[0].endpoint"]);
    for (const near of [
      "http://localhost:1",
      "http://vllm:8000",
      "http://10.1.2.3",
      "http://[::1]:1",
      "http://box.local",
      "https://api.example.com",
    ]) {
      expect(upstream(near)).toEqual([]);
    }
  });

  it("warn of a secret of 16 to 31 bytes, and use it", () => {
    const { config, notices } = readText("jwt: { secret: 'kX9#mP2$vL5@nQ8!' }");
    expect(config.jwt.secret).toBe("kX9#mP2$vL5@nQ8!");
    expect(notices).toEqual([
      { path: "jwt.secret", message: expect.stringContaining("shorter than 32 bytes"), level: "warn" },
    ]);
    expect(readText(`jwt: { secret: ${secret} }`).notices).toEqual([]);
  });
});
