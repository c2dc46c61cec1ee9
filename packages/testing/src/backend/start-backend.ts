import {
  createLogger,
  readConfig,
  startServer,
  type Environment,
  type RunningServer,
} from "@llm-backend/app-server";
import { createBackendFolder, type BackendOptions } from "./backend-config.ts";

/** A whole backend inside the test's process, on a free port and a fresh database. */
export type TestBackend = AsyncDisposable & {
  readonly url: string;
  readonly server: RunningServer;
  readonly folder: string;
  readonly dataFolder: string;
  /** What it logged, line by line. */
  readonly logLines: readonly string[];
};

const noEnvironment: Environment = { settings: {}, unknownSettings: [], providerVariables: {} };

/** Starts a backend; disposing it stops it and removes its data. */
export async function startBackend(options: BackendOptions = {}): Promise<TestBackend> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await createBackendFolder(options));
  const logLines: string[] = [];
  const { config } = readConfig({
    environment: noEnvironment,
    flags: { config: folder.configFile, addr: "127.0.0.1:0", data: folder.dataFolder },
  });
  const { logger } = createLogger({ level: "debug", format: "json" }, toMemory(logLines));
  const server = await startServer({ config, environment: noEnvironment, logger });
  cleanup.defer(() => server.stopNow());
  const kept = cleanup.move();
  return {
    url: server.urls[0] ?? "",
    server,
    folder: folder.folder,
    dataFolder: folder.dataFolder,
    logLines,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function toMemory(lines: string[]): NonNullable<Parameters<typeof createLogger>[1]> {
  return {
    write: (line: string) => void lines.push(line),
    droppedCount: () => 0,
    flush: () => Promise.resolve(),
  };
}
