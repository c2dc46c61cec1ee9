import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** What a module of tools/generators exports: one checked-in file, and how it is made. */
export type Generator = {
  /** The file, relative to the root. */
  readonly path: string;
  /** Makes the whole text. The formatter is run over it afterwards. */
  readonly generate: () => Promise<string>;
};

/** Imports every generator of a folder. */
export async function loadGenerators(folder: URL): Promise<Generator[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const modules = names.map(async (name): Promise<Generator> => {
    const loaded: unknown = await import(new URL(name, folder).href);
    if (!isGenerator(loaded)) throw new TypeError(`${name} has to export \`path\` and \`generate\`.`);
    return loaded;
  });
  const generators = await Promise.all(modules);
  const paths = generators.map(({ path }) => path);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw new Error(`Two generators make ${twice}.`);
  return generators;
}

/** The paths of files that are missing or differ from what their generators make. */
export async function checkFiles(root: URL, generators: readonly Generator[]): Promise<string[]> {
  const changes = await findChanges(root, generators);
  return changes.map(({ path }) => path);
}

/** Writes what is missing or differs, and returns its paths. */
export async function writeFiles(root: URL, generators: readonly Generator[]): Promise<string[]> {
  const changes = await findChanges(root, generators);
  for (const { path, text } of changes) {
    const file = new URL(path, root);
    await mkdir(new URL(".", file), { recursive: true });
    await writeFile(file, text);
  }
  return changes.map(({ path }) => path);
}

type Change = { readonly path: string; readonly text: string };

async function findChanges(root: URL, generators: readonly Generator[]): Promise<Change[]> {
  const files = await Promise.all(
    generators.map(async ({ path, generate }) => ({ path, text: format(path, await generate()) })),
  );
  return files.filter(({ path, text }) => {
    const file = new URL(path, root);
    return !existsSync(file) || readFileSync(file, "utf8") !== text;
  });
}

/** The text as `npm run format` would leave it, so that the two never undo each other's work. */
function format(path: string, input: string): string {
  const root = fileURLToPath(new URL("../", import.meta.url));
  const oxfmt = `${root}node_modules/oxfmt/bin/oxfmt`;
  const output = execFileSync(process.execPath, [oxfmt, `--stdin-filepath=${path}`], { cwd: root, input });
  return output.toString();
}

function isGenerator(value: unknown): value is Generator {
  if (typeof value !== "object" || value === null || !("path" in value) || !("generate" in value))
    return false;
  return typeof value.path === "string" && typeof value.generate === "function";
}
