import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@llm-backend/app-server";
import { answerAsAsked, createFakeUpstream, fail, startBackend } from "@llm-backend/testing";
import type { Command } from "commander";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { translateEarlierFlags } from "../../src/cli/earlier-flags.ts";
import { createProgram } from "../../src/cli/run-cli.ts";
import { createMetrics } from "../../src/metrics/create-metrics.ts";
import { findCode, listBlocks, pages, readPage } from "./pages.ts";

/** What pages tell people to type behind `npm start --`, in words. */
const commands = pages.flatMap((page) =>
  [...readPage(page).matchAll(/npm (?:-s )?start -- ([^\n`#]+)/g)].map(([, line = ""]) => ({
    page,
    words: line
      .replaceAll(/\\$|[)'"]/g, "")
      .trim()
      .split(/\s+/),
  })),
);

/** The command that words name, and those of them that are its flags. */
function findCommand(words: readonly string[]): { command: Command; flags: string[] } {
  let command = createProgram();
  for (const word of words) {
    const inner = command.commands.find((one) => one.name() === word);
    if (inner === undefined) break;
    command = inner;
  }
  // Without a command it serves.
  if (command.parent === null) command = command.commands.find((one) => one.name() === "serve") ?? command;
  return { command, flags: words.filter((word) => word.startsWith("-")) };
}

it("names only commands and flags that there are", () => {
  expect(commands.length).toBeGreaterThan(5);
  for (const { page, words } of commands) {
    if (words[0] === "FILE" || words[0] === "…") continue;
    const { command, flags } = findCommand(translateEarlierFlags(words));
    const known = command.options.flatMap(({ long, short }) => [long, short]);
    for (const flag of flags) expect(known, `${page}: ${words.join(" ")}`).toContain(flag.split("=")[0]);
    const isCommand =
      command.name() !== "serve" || words[0]?.startsWith("-") === true || words[0] === "serve";
    expect(isCommand, `${page}: ${words.join(" ")}`).toBe(true);
  }
});

it("shows only configurations that a server would start with", async () => {
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-"));
  try {
    for (const page of pages) {
      for (const { code } of listBlocks(readPage(page)).filter(({ language }) => language === "yaml")) {
        const config = join(folder, "config.yaml");
        await writeFile(config, code);
        const environment = { settings: {}, unknownSettings: [], providerVariables: {} };
        const read = () => readConfig({ environment, flags: { config, data: folder } });
        expect(read, `${page}: ${code}`).not.toThrow();
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("fails over as its configuration says: in order, the higher tier last, then the model that stands in", async () => {
  await using first = await createFakeUpstream({ logsModelLists: false });
  await using second = await createFakeUpstream({ logsModelLists: false });
  await using local = await createFakeUpstream({ reply: answerAsAsked("local"), logsModelLists: false });
  const config = parse(findCode(listBlocks(readPage("README.md")), "yaml")) as {
    upstreams: Record<string, unknown>[];
  };
  const endpoints = [first.url, second.url, local.url];
  const upstreams = config.upstreams.map((upstream, index) => ({ ...upstream, endpoint: endpoints[index] }));
  first.setReply(fail(503));
  second.setReply(fail(500));
  await using backend = await startBackend({ upstreams, config: { ...config, noauth: true, upstreams } });
  const response = await fetch(`${backend.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] }),
  });
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: "local" } }] });
  const models = (calls: typeof first.calls) => calls.map(({ body }) => (body as { model: string }).model);
  expect([models(first.calls), models(second.calls), models(local.calls)]).toEqual([
    ["gpt-4o-mini"],
    ["llama-3.3-70b"],
    ["qwen3"],
  ]);
});

it("names only metrics that there are", async () => {
  const known = await createMetrics({ version: "1" }).render();
  for (const page of pages) {
    for (const [name] of readPage(page).matchAll(/llm_backend_\w+/g))
      expect(known, `${page}: ${name}`).toContain(`# TYPE ${name.replace(/_bucket$/, "")} `);
  }
});
