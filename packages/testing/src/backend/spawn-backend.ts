import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createBackendFolder, type BackendOptions } from "./backend-config.ts";

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

const main = fileURLToPath(new URL("../../../../apps/server/src/main.ts", import.meta.url));

/** Arguments that run the program from source. */
export const sourceArguments = ["--conditions=@llm-backend/source", main];

/**
 * What the program's environment has beside what a test puts there: a place where Node keeps what it has compiled, so that
 * each process after the first one starts in two thirds of the time.
 */
export const sourceEnvironment = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../../../../node_modules/.cache/tests", import.meta.url)),
};

/** Starts a backend process and waits until it listens; disposing it kills it and removes its data. */
export async function spawnBackend(options: BackendOptions = {}): Promise<BackendProcess> {
  const folder = await createBackendFolder(options);
  try {
    const { trustedAuthorities } = options;
    const authorities = trustedAuthorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: trustedAuthorities };
    const { addr = "127.0.0.1:0", startedBy } = options;
    const env = { ...sourceEnvironment, ...authorities, ...options.env };
    const place = { ...folder, addr, startedBy, env };
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
  readonly env: Readonly<Record<string, string>>;
};

async function launch(place: Launched, dispose: () => Promise<void>): Promise<BackendProcess> {
  const paths = ["--config", place.configFile, "--data", place.dataFolder];
  const args = [...sourceArguments, ...paths, "--addr", place.addr];
  const [program, words] =
    place.startedBy === undefined
      ? [process.execPath, args]
      : [place.startedBy[0], [...place.startedBy.slice(1), process.execPath, ...args]];
  const child = spawn(
    program,
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
