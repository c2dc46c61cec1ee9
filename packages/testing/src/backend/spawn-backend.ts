import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { createBackendFolder, type BackendOptions } from "./backend-config.ts";
import { programArguments, sourceEnvironment, type ProgramForm } from "./program.ts";

/** A backend in a process of its own, started as an operator starts it. */
export type BackendProcess = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  readonly folder: string;
  readonly dataFolder: string;
  /** What it logged, line by line. */
  readonly logLines: readonly string[];
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Sends a signal and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** Starts another process on the same data; this one must have ended. */
  restart(): Promise<BackendProcess>;
};

/** Starts a backend process and waits until it listens; disposing it kills it and removes its data. */
export async function spawnBackend(options: BackendOptions = {}): Promise<BackendProcess> {
  const folder = await createBackendFolder(options);
  try {
    const { trustedAuthorities } = options;
    const authorities = trustedAuthorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: trustedAuthorities };
    const { addr = "127.0.0.1:0", startedBy, program = "source" } = options;
    const kept = program === "source" ? sourceEnvironment : {};
    const env = { ...kept, ...authorities, ...options.env };
    const place = { ...folder, addr, startedBy, env, program };
    return await launch(place, async () => {
      await folder[Symbol.asyncDispose]();
    });
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

type Launched = {
  readonly folder: string;
  readonly configFile: string;
  readonly dataFolder: string;
  readonly addr: string;
  readonly startedBy: BackendOptions["startedBy"];
  readonly program: ProgramForm;
  readonly env: Readonly<Record<string, string>>;
};

async function launch(place: Launched, dispose: () => Promise<void>): Promise<BackendProcess> {
  const paths = ["--config", place.configFile, "--data", place.dataFolder];
  const args = [...programArguments[place.program], ...paths, "--addr", place.addr];
  const [command, words] =
    place.startedBy === undefined
      ? [process.execPath, args]
      : [place.startedBy[0], [...place.startedBy.slice(1), process.execPath, ...args]];
  const child = spawn(
    command,
    words,
    // Nothing of the machine's own keys may reach a test.
    { env: place.env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const logLines: string[] = [];
  const exited = toExit(child);
  const url = await waitForUrl(child, { logLines, exited });
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  return {
    url,
    pid: child.pid as number,
    folder: place.folder,
    dataFolder: place.dataFolder,
    logLines,
    exited,
    kill,
    restart: () => launch(place, dispose),
    async [Symbol.asyncDispose]() {
      await kill("SIGKILL");
      await dispose();
    },
  };
}

async function toExit(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? 0;
}

function waitForUrl(
  child: ChildProcess,
  given: { logLines: string[]; exited: Promise<number | NodeJS.Signals> },
): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        given.logLines.push(line);
        const url = /Listening on (http:\/\/[^\s",]+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    }
    void given.exited.then((exit) =>
      reject(new Error(`The backend ended with ${exit}:\n${given.logLines.join("\n")}`)),
    );
  });
}
