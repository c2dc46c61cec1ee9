import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { sourceArguments, sourceEnvironment } from "@llm-backend/testing";
import { vi } from "vitest";
import { runCli } from "../../src/cli/run-cli.ts";
import { until } from "../callers/chat-stage.ts";

/** How a program ended, and what it said. */
export type Ended = {
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** How a program is run. */
export type RunOptions = {
  /** Its configuration, in a file of its own. */
  readonly config?: Readonly<Record<string, unknown>> | string;
  /** Where it runs, and keeps its data; a fresh folder unless it is named. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
};

/** As cheap as hashing may be. */
const cheap = {
  auth: { argon2: { memory_kib: 19_456, time_cost: 2 } },
  upstreams: [{ endpoint: "http://127.0.0.1:9/v1" }],
};

/** Makes an empty folder. */
export async function makeFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "llm-backend-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Writes the configuration of a test into a folder. */
export async function writeConfig(folder: string, config: RunOptions["config"] = {}): Promise<string> {
  const file = join(folder, "config.yaml");
  await writeFile(file, typeof config === "string" ? config : JSON.stringify({ ...cheap, ...config }));
  return file;
}

/** Runs the program to its end, as an operator does. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  await using fresh = await makeFolder();
  const folder = options.folder ?? fresh.path;
  if (options.folder === undefined || options.config !== undefined) await writeConfig(folder, options.config);
  const child = spawn(process.execPath, [...sourceArguments, ...args], {
    cwd: folder,
    env: { ...sourceEnvironment, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code: code ?? signal, stdout, stderr };
}

/** Runs the command line inside the test's process: half a second sooner, for commands that only read and write. */
export async function runHere(args: readonly string[], input = ""): Promise<Ended> {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      said[name] += String(chunk);
      return true;
    });
  }
  // The program knows no other way to its standard input than the process's own.
  const stdin = Readable.from([Buffer.from(input)]) as unknown as typeof process.stdin;
  vi.spyOn(process, "stdin", "get").mockReturnValue(stdin);
  try {
    return { code: await runCli(args), ...said };
  } finally {
    vi.restoreAllMocks();
  }
}

/** A port that was free a moment ago. */
async function findPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a server whose standard output nobody reads: it is closed after the first line. */
export async function spawnWithClosedOutput() {
  const folder = await makeFolder();
  await writeConfig(folder.path);
  const port = await findPort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...sourceArguments, "--addr", `127.0.0.1:${port}`], {
    cwd: folder.path,
    env: sourceEnvironment,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  child.stdout.once("data", () => child.stdout.destroy());
  const isUp = async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.ok === true;
  await until(async () => child.exitCode !== null || (await isUp()), "the server listens");
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      const [code, signal] = await exited;
      return code ?? signal;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      await folder[Symbol.asyncDispose]();
    },
  };
}
