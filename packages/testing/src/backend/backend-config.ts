import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProgramForm } from "./program.ts";

/** What a test says about its backend; everything else is the default. */
export type BackendOptions = {
  /** Where answers come from: the base URLs of fake upstreams, or entries of the configuration. */
  readonly upstreams?: readonly (string | Readonly<Record<string, unknown>>)[];
  /** Further keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** A folder of an earlier backend, to start on its data. It is not removed then. */
  readonly folder?: string;
  /** Where a spawned backend listens, and each that is started after it. @default "127.0.0.1:0", any free port */
  readonly addr?: string;
  /** Further variables of a spawned backend's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** In which form a spawned backend is run; what is built has to be built before. @default "source" */
  readonly program?: ProgramForm;
  /** A program, and its arguments, that a spawned backend is started by: it has to become what follows. */
  readonly startedBy?: readonly [string, ...string[]];
  /** A PEM file of authorities that a spawned backend trusts beside the public ones. */
  readonly trustedAuthorities?: string;
};

/** A folder with a configuration and a place for data. */
export type BackendFolder = AsyncDisposable & {
  readonly folder: string;
  readonly configFile: string;
  readonly dataFolder: string;
};

/** As cheap as hashing may be: tests log in often. */
const cheapHashing = { argon2: { memory_kib: 19_456, time_cost: 2 } };

/**
 * Nobody is taken out, and nobody is asked a second time: each test sees the fault that it makes. Tests of the pool say
 * `gateway` themselves.
 */
const steadyGateway = {
  breaker: { failures_in_a_row: 10_000, requests_min: 100_000 },
  key_rest: { rejected_seconds: 0, quota_seconds: 0, limited_seconds: 0, limited_seconds_max: 0 },
  retry: { budget_percent: 0, budget_min: 0, budget_min_per_upstream: 0 },
};

/** Makes a folder with the configuration that the options describe. JSON is YAML too. */
export async function createBackendFolder(options: BackendOptions): Promise<BackendFolder> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "llm-backend-")));
  const configFile = join(folder, "config.yaml");
  const { auth, gateway = steadyGateway, ...rest } = options.config ?? {};
  const upstreams = (options.upstreams ?? ["http://127.0.0.1:9/v1"]).map((upstream) =>
    typeof upstream === "string" ? { endpoint: upstream, key: "sk-server-key-of-the-tests" } : upstream,
  );
  await writeFile(
    configFile,
    JSON.stringify(
      // Tests count what an upstream is asked.
      {
        upstreams,
        gateway: { discover: false, ...(gateway as object) },
        auth: { ...cheapHashing, ...(auth as object | undefined) },
        ...rest,
      },
      null,
      2,
    ),
  );
  return {
    folder,
    configFile,
    dataFolder: join(folder, "data"),
    async [Symbol.asyncDispose]() {
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
