/** Where a module of the same folder lies that is started and not imported: beside the source, or beside what was built of it. */
export function toSiblingUrl(moduleUrl: string, name: string): URL {
  return new URL(`${name}${moduleUrl.endsWith(".ts") ? ".ts" : ".js"}`, moduleUrl);
}
