import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  createFakeUpstream,
  spawnBackend,
  type BackendProcess,
  type FakeUpstream,
} from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { calling, done, program as toolProgram } from "../tools/tool-stage.ts";
import { wrongUses } from "./consumer/wrong-uses.ts";
import { installPublishedClient, type PublishedClient } from "./published-client.ts";

const run = promisify(execFile);
const hostNode = "/usr/bin/node";
const examples = [
  "first-answer.ts",
  "branches.ts",
  "search-and-export.ts",
  "attachments.ts",
  "tools.ts",
  "knowledge.ts",
];

let client: PublishedClient;
let upstream: FakeUpstream;
let backend: BackendProcess;
beforeAll(async () => {
  client = await installPublishedClient();
  upstream = await createFakeUpstream();
  const box = toolProgram({ tools: { allow: ["echo"] } });
  backend = await spawnBackend({ upstreams: [upstream.url], config: { tools: { servers: { box } } } });
}, 120_000);
afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
});

describe("the package", () => {
  it("holds what it is built to, and nothing else", () => {
    expect(client.files.toSorted()).toEqual([
      "package/LICENSE",
      "package/README.md",
      "package/dist/index.d.ts",
      "package/dist/index.js",
      "package/package.json",
    ]);
  });

  it("names its dependencies by their versions", async () => {
    const manifest = JSON.parse(await client.read("package.json")) as Record<string, unknown>;
    const versions = Object.values(manifest.dependencies as Record<string, string>);
    expect(versions).toHaveLength(3);
    expect(versions.every((version) => /^\d+\.\d+\.\d+$/.test(version))).toBe(true);
    expect(manifest.exports).toEqual({ ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } });
    expect(JSON.stringify(manifest)).not.toMatch(/catalog:|workspace:/);
  });

  it("brings nothing of the server with it", () => {
    expect(client.installed.toSorted()).toEqual([
      "@llm-backend/client",
      "@trpc/client",
      "@trpc/server",
      "copy-anything",
      "superjson",
    ]);
  });

  it("imports nothing but its dependencies, in its code and in its declarations", async () => {
    const imports = async (path: string) => {
      const found = (await client.read(path)).matchAll(/(?:from|import)\s*\(?"([^"]+)"/g);
      return new Set(Array.from(found, ([, specifier]) => specifier));
    };
    expect(await imports("dist/index.js")).toEqual(
      new Set(["@trpc/client", "@trpc/server/observable", "superjson"]),
    );
    for (const specifier of await imports("dist/index.d.ts")) {
      expect(specifier).toMatch(/^@trpc\/(client|server)(\/|$)/);
    }
  });

  it("names no table and no service of the server in its declarations", async () => {
    expect(await client.read("dist/index.d.ts")).not.toMatch(/kysely|zod|fastify|sqlite|services/i);
  });
});

describe("a consumer's compiler", () => {
  it("takes what is right, with exactly the types that it says", async () => {
    await client.copy("apps/server/test/client/consumer/consumer.ts");
    for (const example of examples) await client.copy(`packages/client/examples/${example}`);
    expect(await client.compile(["consumer.ts", ...examples])).toEqual([]);
  });

  it("takes every example of the README", async () => {
    const readme = await client.read("README.md");
    const blocks = Array.from(readme.matchAll(/```ts\n(.*?)```/gs), ([, code = ""]) => code);
    expect(blocks.length).toBeGreaterThan(3);
    await client.write(
      "around.d.ts",
      `declare const client: import("@llm-backend/client").SessionClient;
       declare const controller: AbortController;
       declare const conversationId: number;
       declare const message: string;
       declare function show(...texts: string[]): void;`,
    );
    const names = blocks.map((_, index) => `readme-${index}.ts`);
    await Promise.all(names.map((name, index) => client.write(name, `${blocks[index]}\nexport {};\n`)));
    expect(await client.compile(["around.d.ts", ...names])).toEqual([]);
  });

  describe("refuses it when", () => {
    let complaints: string[];
    beforeAll(async () => {
      const prelude = 'import { createClient, LlmBackendError } from "@llm-backend/client";';
      const declare = 'const client = createClient({ url: "/" });';
      await client.write("wrong.ts", [prelude, declare, ...wrongUses.map(({ line }) => line)].join("\n"));
      complaints = await client.compile(["wrong.ts"]);
    }, 30_000);

    it.each(wrongUses.map((use, index) => ({ ...use, lineNumber: index + 3 })))(
      "$what",
      ({ lineNumber, error }) => {
        const own = complaints.filter((line) => line.startsWith(`wrong.ts(${lineNumber},`));
        expect(own).toHaveLength(1);
        expect(own[0]).toContain(` error ${error}:`);
      },
    );

    it("and nothing else is said", () => {
      expect(complaints).toHaveLength(wrongUses.length);
    });
  });
});

describe("under plain Node", () => {
  beforeAll(async () => {
    await client.copy("apps/server/test/client/consumer/consumer.ts");
    for (const example of examples) await client.copy(`packages/client/examples/${example}`);
    expect(await client.compile(["consumer.ts", ...examples])).toEqual([]);
  }, 30_000);

  const isOtherNode = existsSync(hostNode);
  const runs = (node: string) => async () => {
    const program = join(client.folder, "out/consumer.js");
    const { stdout, stderr } = await run(node, [program, backend.url], { cwd: client.folder });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      text: "Hello world",
      types: ["run-start", "text-delta", "run-done"],
      followed: "Hello world",
      code: "not_found",
      isDate: true,
      state: "done",
    });
  };
  it("of the server's version, it does what it says", runs(process.execPath));
  it.skipIf(!isOtherNode)(
    "of the machine's version, it does what it says",
    { meta: { skipReason: `there is no ${hostNode} on this machine` } },
    runs(hostNode),
  );

  it("the first example writes an answer, also when it is run again", async () => {
    const program = join(client.folder, "out/first-answer.js");
    for (let round = 0; round < 2; round++) {
      const { stdout } = await run(process.execPath, [program, backend.url, "fake-model"]);
      expect(stdout).toBe("Hello world\n(done)\n");
    }
  });

  it("the example of tools lists them, allows a call, and shows what came of it", async () => {
    upstream.enqueue(calling(["box__echo", { text: "hi" }]), done);
    const program = join(client.folder, "out/tools.js");
    const { stdout } = await run(process.execPath, [program, backend.url, "fake-model"]);
    const lines = stdout.split("\n");
    expect(lines.slice(0, 3)).toEqual(["box__echo: ask", 'box__echo({"text":"hi"})', "echo: hi"]);
    expect(lines.slice(3).join("")).toBe("All done.box__echo: done");
  });

  it("the example of branches shows versions, and refuses what is complete", async () => {
    const program = join(client.folder, "out/branches.js");
    const { stdout } = await run(process.execPath, [program, backend.url, "fake-model"]);
    expect(stdout.split("\n")).toEqual([
      "2 of 2",
      "1 of 2: true",
      "user, assistant",
      "The answer is complete; there is nothing to continue.",
      "Two ways",
      "",
    ]);
  });

  it("the example of searching and exporting finds, takes along and removes, also when it is run again", async () => {
    const program = join(client.folder, "out/search-and-export.js");
    for (let round = 0; round < 2; round++) {
      const { stdout } = await run(process.execPath, [program, backend.url, "fake-model"]);
      expect(stdout.split("\n")).toEqual([
        "words Where is 東京?",
        "found 東京",
        "listed 0 1",
        "new true false",
        "document Where is 東京? 2",
        "document A copy 2",
        "temporary done",
        "removed 2",
        "",
      ]);
    }
  });

  it("the example of attachments sends a file, reads it back, and leaves nothing, also when it is run again", async () => {
    const program = join(client.folder, "out/attachments.js");
    for (let round = 0; round < 2; round++) {
      const { stdout } = await run(process.execPath, [program, backend.url, "fake-model"]);
      expect(stdout.split("\n")).toEqual([
        "text/plain 28",
        "cities.csv -",
        "true",
        "unsupported_media_type",
        "0 files, 0 bytes",
        "",
      ]);
    }
  });

  it("the example of knowledge bases brings a document, finds it, and asks about it, also when it is run again", async () => {
    const program = join(client.folder, "out/knowledge.js");
    for (let round = 0; round < 2; round++) {
      const { stdout } = await run(process.execPath, [program, backend.url, "fake-model"]);
      expect(stdout.split("\n")).toEqual([
        "builtin-hashed",
        "ready: 1",
        "hotel",
        "in",
        "Zurich",
        "[1] handbook.md",
        "1 kept",
        "",
      ]);
    }
  });

  it("the first example is the one that the README shows", async () => {
    const example = await readFile(join(client.folder, "first-answer.ts"), "utf8");
    expect(await client.read("README.md")).toContain(`\`\`\`ts\n${example}\`\`\``);
  });
});
