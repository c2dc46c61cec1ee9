import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../../../../", import.meta.url);

/** The text of a file of the repository. */
export const readPage = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** The pages of a folder, by their names. */
export const listPages = (folder: string): string[] =>
  readdirSync(new URL(`${folder}/`, root)).filter((name) => name.endsWith(".md"));

/** What strangers and operators read first. */
export const pages: readonly string[] = [
  "README.md",
  "README.zh-CN.md",
  "CONTRIBUTING.md",
  ...listPages("docs").map((name) => `docs/${name}`),
];

/** Why things are as they are. */
export const decisions: readonly string[] = listPages("docs/decisions").map(
  (name) => `docs/decisions/${name}`,
);

/** A block of code. */
export type Block = { readonly language: string; readonly code: string };

/** The code blocks of a page, in order. */
export function listBlocks(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", code = ""]) => ({
    language,
    code,
  }));
}

/** The first block of a language; the page has one. */
export function findCode(blocks: readonly Block[], language: string): string {
  const code = blocks.find((block) => block.language === language)?.code;
  if (code === undefined) throw new Error(`The page has no block of ${language}`);
  return code;
}
