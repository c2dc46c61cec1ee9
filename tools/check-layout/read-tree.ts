import { readdirSync, readFileSync } from "node:fs";

/** Installed, built or recorded, not written. */
const foldersLeftOut = /(^|\/)(node_modules|dist|fixtures)$|^packages\/client\/types$|^apps\/server\/program/;
const textFiles = /\.((c|m)?(t|j)sx?|json|md|ya?ml)$/;

/** Reads the files under a root that rules apply to. Of files that hold no text of ours only the path is kept. */
export function readTree(root: string): Map<string, string> {
  const tree = new Map<string, string>();
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isFile()) addFile(tree, root, entry.name);
  }
  for (const folder of ["packages", "apps", "tools"]) addFolder(tree, root, folder);
  return tree;
}

function addFolder(tree: Map<string, string>, root: string, folder: string): void {
  for (const entry of readdirSync(`${root}/${folder}`, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile()) addFile(tree, root, path);
    else if (entry.isDirectory() && !foldersLeftOut.test(path)) addFolder(tree, root, path);
  }
}

function addFile(tree: Map<string, string>, root: string, path: string): void {
  tree.set(path, textFiles.test(path) ? readFileSync(`${root}/${path}`, "utf8") : "");
}
