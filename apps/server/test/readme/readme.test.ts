import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceArguments, startBackend, type TestBackend } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { decisions, findCode, listBlocks, listPages, pages, readPage } from "./pages.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const english = listBlocks(readPage("README.md"));

it("says the same in both languages", () => {
  expect(listBlocks(readPage("README.zh-CN.md"))).toEqual(english);
});

it("shows the example that is compiled and run", () => {
  expect(findCode(english, "ts")).toBe(readPage("packages/client/examples/first-answer.ts"));
});

it("names only files that exist", () => {
  for (const page of [...pages, ...decisions]) {
    for (const [, target = ""] of readPage(page).matchAll(/\]\(([^):#]+)(?:#[^)]*)?\)/g))
      expect(existsSync(join(root, dirname(page), target)), `${page}: ${target}`).toBe(true);
  }
});

it("lists every page of the documentation, and every decision", () => {
  for (const folder of ["docs", "docs/decisions"]) {
    const index = readPage(`${folder}/README.md`);
    for (const name of listPages(folder).filter((one) => one !== "README.md"))
      expect(index, `${folder}/README.md`).toContain(`](${name})`);
  }
});

/** `npm start -- …` is the program; what stands before the two dashes is npm's. */
const npmAsProgram = `npm() {
  while [ "$1" != -- ]; do shift; done
  shift
  '${process.execPath}' ${sourceArguments.map((word) => `'${word}'`).join(" ")} "$@"
}`;

/** An operator's shell beside a server, with nothing of this machine in it. */
const shellOf = (backend: TestBackend) => ({
  env: {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    LLM_BACKEND_CONFIG: join(backend.folder, "config.yaml"),
    LLM_BACKEND_DATA: backend.dataFolder,
  },
});

it("gets a first answer with its curl lines, word for word", { timeout: 60_000 }, async () => {
  await using backend = await startBackend({ upstreams: [] });
  const lines = english
    .filter(({ language, code }) => language === "sh" && code.includes("curl "))
    .map(({ code }) => code)
    .join("\necho\n");
  const script = `${npmAsProgram}\n${lines.replaceAll("http://127.0.0.1:8080", backend.url)}`;
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script], shellOf(backend));
  expect(stdout).toContain('{"message":"User registered successfully"}');
  expect(stdout).toMatch(/\{"event":"message","data":"[^"]+"\}\n\n/);
  expect(stdout).toContain('{"event":"done","data":"Stream finished"}');
  const full = /\{"event":"full_response","data":(".*?")\}\n\n/.exec(stdout)?.[1] ?? '""';
  expect(JSON.parse(full)).toContain("Hello! 你好");
  expect(stdout).toContain('"messages":[{"role":"user","content":"Hello! 你好","message_id":1}');
  expect(stdout).toMatch(/^id: run_\w+:\d+\nevent: message\ndata: \{"event":"message"/m);
  // A document, found, and given to a model.
  expect(stdout).toContain('"message":"Retrieved successfully","results":[{"content":"A hotel may cost');
  // The gateway, with the key that was made: an answer in one piece, and one as a stream.
  expect(stdout).toMatch(/^\{"id":.*"object":"chat\.completion",.*Hello! 你好/m);
  expect(stdout).toMatch(/^data: \{"id":.*"object":"chat\.completion\.chunk"/m);
  expect(stdout).toMatch(/^data: \[DONE\]$/m);
  // A voice engine's two calls: the second one says something before it answers.
  expect(stdout).toMatch(/^data: \{"id":"waiting_msg".*\n\ndata: \{"id":"(?!waiting_msg)/m);
  expect(stdout.match(/^data: \[DONE\]$/gm)).toHaveLength(3);
});

it("gets a first answer with one command", async () => {
  await using backend = await startBackend({ upstreams: [] });
  const command = english.find(({ language, code }) => language === "sh" && code.includes("first-answer.ts"));
  const line = `${command?.code.trim()} ${backend.url}`;
  const { stdout } = await run("bash", ["-c", line], { ...shellOf(backend), cwd: root });
  expect(stdout).toContain("What is a stream, in one sentence?");
  expect(stdout).toMatch(/\n\(done\)\n$/);
});

it("gets an answer with its program for Node", async () => {
  await using backend = await startBackend({ upstreams: [], config: { authorization: "token-of-a-reader" } });
  const code = findCode(english, "js").replaceAll("http://127.0.0.1:8080", backend.url);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], {
    // Where the package openai is.
    cwd: join(root, "apps/server"),
    env: { KEY: "token-of-a-reader" },
  });
  expect(stdout).toContain("What is a gateway, in one sentence?");
});

it("gets an answer with its program for Python", async ({ skip }) => {
  const hasPackage = await run("python3", ["-c", "import openai"]).then(
    () => true,
    () => false,
  );
  if (!hasPackage) skip("the Python package openai is not installed");
  await using backend = await startBackend({ upstreams: [], config: { authorization: "token-of-a-reader" } });
  const code = findCode(english, "python").replaceAll("http://127.0.0.1:8080", backend.url);
  const env = { ...shellOf(backend).env, KEY: "token-of-a-reader", PYTHONIOENCODING: "utf-8" };
  const { stdout } = await run("python3", ["-c", code], { env });
  expect(stdout).toContain("What is a gateway, in one sentence?");
});
