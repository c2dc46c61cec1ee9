import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { toBuiltArguments } from "@llm-backend/testing";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));

/** How long it may take to start, on a machine that is busy with other things. */
const startMsMax = 60_000;

/** How the server is started. */
export type LaunchOptions = {
  /** Where the process leaves a CPU profile when it ends. */
  readonly profileFolder: string | undefined;
  /** Further flags of node, to see what they change. */
  readonly nodeFlags: readonly string[];
};

/** A server in a process of its own. */
export type ServerProcess = AsyncDisposable & {
  readonly pid: number;
  readonly url: string;
  readonly port: number;
};

/** What a server runs on. */
export type ServerPlace = {
  readonly config: Readonly<Record<string, unknown>>;
  /** Where its data lies, which it may find and leave there. @default a folder that is removed in the end */
  readonly dataFolder?: string | undefined;
};

/** Starts the server and waits until it listens. */
export async function launchServer(
  { config, dataFolder }: ServerPlace,
  { profileFolder, nodeFlags }: LaunchOptions,
): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-bench-"));
  const configFile = join(folder, "config.yaml");
  // JSON is YAML, too.
  await writeFile(configFile, JSON.stringify(config));
  const profiling = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  const flags = [
    "--config",
    configFile,
    "--data",
    dataFolder ?? join(folder, "data"),
    "--addr",
    "127.0.0.1:0",
  ];
  const child = spawn(process.execPath, [...toBuiltArguments(...nodeFlags, ...profiling), ...flags], {
    cwd: root,
    // Nothing of the machine's own keys may be used.
    env: {},
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const stop = async () => {
    // Not killed: a profile is written at a proper end.
    child.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = await waitForUrl(child);
    return {
      pid: child.pid as number,
      url,
      port: Number(new URL(url).port),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function waitForUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        // The log of a run is long: what matters is how it began.
        if (lines.length < 100) lines.push(line);
        const url = /Listening on (http:\/\/[^\s",]+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    }
    const fail = (what: string) => reject(new Error(`The server ${what}:\n${lines.join("\n")}`));
    child.once("exit", () => fail("ended"));
    setTimeout(() => fail("does not listen"), startMsMax).unref();
  });
}
