import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Arguments of node that run the program from source. */
export const sourceArguments = ["--conditions=@llm-backend/source", join(root, "apps/server/src/main.ts")];

/** What operators start has a small nursery. */
const serving = "--max-semi-space-size=16";

/** Arguments of node that run the program as operators do, once {@link buildProgram} has made it; with further flags. */
export const toBuiltArguments = (...flags: readonly string[]): string[] => [
  serving,
  ...flags,
  join(root, "apps/server/program/main.js"),
];

/** How the program can be run: from its sources, as the compiler leaves it, or as operators do. */
export type ProgramForm = "source" | "compiled" | "built";

/** Arguments of node for each form. */
export const programArguments: Readonly<Record<ProgramForm, readonly string[]>> = {
  source: sourceArguments,
  compiled: [serving, join(root, "apps/server/dist/main.js")],
  built: toBuiltArguments(),
};

/**
 * What the program's environment has beside what a test puts there: a place where Node keeps what it has compiled, so that
 * each process after the first one starts in two thirds of the time.
 */
export const sourceEnvironment = {
  NODE_COMPILE_CACHE: join(root, "node_modules/.cache/tests"),
};

/**
 * Makes the program of the sources as they are now, as `npm start` does; what is made already stays.
 *
 * @throws Error where that does not succeed.
 */
export async function buildProgram(): Promise<void> {
  const child = spawn(process.execPath, ["tools/run.mjs", "build"], {
    cwd: root,
    // What others read on our standard output is not mixed with what is said here.
    stdio: ["ignore", process.stderr, "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error("The program could not be built.");
}
