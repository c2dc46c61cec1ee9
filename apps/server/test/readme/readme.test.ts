import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { startBackend } from "@llm-backend/testing";
import { expect, it } from "vitest";

const run = promisify(execFile);
const root = new URL("../../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

/** The code blocks of a page, in order. */
function listBlocks(page: string): { language: string; code: string }[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", code = ""]) => ({
    language,
    code,
  }));
}

const english = listBlocks(read("README.md"));

it("says the same in both languages", () => {
  expect(listBlocks(read("README.zh-CN.md"))).toEqual(english);
});

it("shows the example that is compiled and run", () => {
  const example = english.find(({ language }) => language === "ts")?.code;
  expect(example).toBe(read("packages/client/examples/first-answer.ts"));
});

it("names only files that exist", () => {
  for (const page of ["README.md", "README.zh-CN.md", "docs/README.md"]) {
    const folder = page.startsWith("docs/") ? "docs/" : "";
    for (const [, target = ""] of read(page).matchAll(/\]\(([^):#]+)\)/g)) {
      if (!target.endsWith("/")) expect(() => read(folder + target), `${page}: ${target}`).not.toThrow();
    }
  }
});

it("gets a first answer with its curl lines, word for word", async () => {
  await using backend = await startBackend({ upstreams: [] });
  const lines = english
    .filter(({ language, code }) => language === "sh" && code.includes("curl "))
    .map(({ code }) => code)
    .join("\necho\n");
  const script = lines.replaceAll("http://127.0.0.1:8080", backend.url);
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script]);
  expect(stdout).toContain('{"message":"User registered successfully"}');
  expect(stdout).toMatch(/\{"event":"message","data":"[^"]+"\}\n\n/);
  expect(stdout).toContain('{"event":"done","data":"Stream finished"}');
  const full = /\{"event":"full_response","data":(".*?")\}\n\n/.exec(stdout)?.[1] ?? '""';
  expect(JSON.parse(full)).toContain("Hello! 你好");
  expect(stdout).toContain('"messages":[{"role":"user","content":"Hello! 你好","message_id":1}');
  expect(stdout).toMatch(/^id: run_\w+:\d+\nevent: message\ndata: \{"event":"message"/m);
});
