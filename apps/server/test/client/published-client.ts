import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const run = promisify(execFile);

/** The client as npm would bring it, in a project that has nothing else. */
export type PublishedClient = AsyncDisposable & {
  readonly folder: string;
  /** The paths in the package. */
  readonly files: readonly string[];
  /** The names of what was installed. */
  readonly installed: readonly string[];
  /** Reads a file of the package. */
  read(path: string): Promise<string>;
  /** Puts a file into the project. */
  write(name: string, text: string): Promise<void>;
  /** Copies a file of this repository into the project. */
  copy(path: string): Promise<void>;
  /** Type-checks the project's files and writes them as JavaScript into `out`. @returns the compiler's complaints. */
  compile(files: readonly string[]): Promise<string[]>;
};

/** Runs the pnpm that the workspace is pinned to. */
async function pnpm(folder: string, ...args: readonly string[]): Promise<string> {
  const { packageManager } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    packageManager: string;
  };
  const { stdout } = await run("npx", ["--yes", packageManager, ...args], { cwd: folder });
  return stdout;
}

const compilerOptions = {
  target: "es2022",
  module: "nodenext",
  lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
  // A project of its own would have it installed.
  typeRoots: [join(root, "node_modules/@types")],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  outDir: "out",
};

/** Builds the client, packs it, and installs the tarball in a blank project. */
export async function installPublishedClient(): Promise<PublishedClient> {
  const source = join(root, "packages/client");
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-consumer-"));
  await pnpm(source, "pack", "--pack-destination", folder);
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz")) ?? "";
  const listing = await run("tar", ["-tzf", tarball], { cwd: folder });
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--omit=peer"];
  await run("npm", ["install", ...flags, `./${tarball}`], { cwd: folder });
  const lock = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, { peer?: boolean }>>;
  };
  return {
    folder,
    files: listing.stdout.trim().split("\n"),
    installed: Object.entries(lock.packages).flatMap(([path, { peer }]) =>
      path === "" || peer === true ? [] : [path.replace(/^.*node_modules\//, "")],
    ),
    read: (path) => readFile(join(folder, "node_modules/@llm-backend/client", path), "utf8"),
    write: (name, text) => writeFile(join(folder, name), text),
    copy: (path) => copyFile(join(root, path), join(folder, path.split("/").at(-1) ?? "")),
    async compile(files) {
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const { stdout } = await run(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
        cwd: folder,
      }).catch((error: unknown) => error as { stdout: string });
      return stdout.split("\n").filter((line) => /error TS\d+/.test(line));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
