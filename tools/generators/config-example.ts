import { schemaTree, type SchemaNode } from "../../apps/server/src/config/schema-tree.ts";

/** The documented configuration; every key stands in it. */
export const path = "config.example.yaml";

const width = 100;

const head = [
  "# The configuration of llm-backend: every key, with its default, or with an example where it has none.",
  "# Nothing here is needed: without any file the server starts and listens on 127.0.0.1:8080.",
  "# To set a key, copy this file to config.yaml and remove the # before it.",
  "# Stronger than this file are the environment (LLM_BACKEND_ADDR, LLM_BACKEND_DATA, LLM_BACKEND_JWT_SECRET, …)",
  "# and, stronger still, the flags of the command line.",
];

/** Writes the example from the schema. */
export function generate(): Promise<string> {
  const keys = Object.entries(schemaTree.properties ?? {}).flatMap(([key, node]) => [
    "",
    ...toTopLines(key, node),
  ]);
  return Promise.resolve(`${[...head, ...keys].join("\n")}\n`);
}

/** Sections are open, so that a key inside needs only its own # removed; an empty one changes nothing. */
function toTopLines(key: string, node: SchemaNode): string[] {
  if (node.properties !== undefined) {
    const inner = Object.entries(node.properties).flatMap(([name, child]) => toLines(name, child));
    return [...toComment(node, ""), `${key}:`, ...inner.map((line) => `  ${line}`)];
  }
  if (node.items?.properties !== undefined) {
    return [...toComment(node, ""), `${key}:`, ...toItemLines(node.items).map((line) => `  ${line}`)];
  }
  return toLines(key, node);
}

/** One key, commented out, after its description. `indent` stands between the # and the key. */
function toLines(key: string, node: SchemaNode, indent = ""): string[] {
  if (node.properties === undefined)
    return [...toComment(node, indent), `#${indent}${key}: ${toValue(node)}`.trimEnd()];
  const inner = Object.entries(node.properties).flatMap(([name, child]) =>
    toLines(name, child, `${indent}  `),
  );
  return [...toComment(node, indent), `#${indent}${key}:`, ...inner];
}

/** The keys of one item of a list; the first of them carries the dash. */
function toItemLines(item: SchemaNode): string[] {
  const lines = Object.entries(item.properties ?? {}).flatMap(([name, child]) => toLines(name, child, "  "));
  const first = lines.findIndex((line) => /^# {2}\w/.test(line));
  return lines.map((line, index) => (index === first ? line.replace("#  ", "#- ") : line));
}

function toComment({ description = "" }: SchemaNode, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of description.split(" ")) {
    if (line !== "" && line.length + word.length > width - indent.length) {
      lines.push(line);
      line = "";
    }
    line += `${line === "" ? "" : " "}${word}`;
  }
  return [...lines, line].map((text) => `# ${indent}${text}`);
}

function toValue({ default: standard, example }: SchemaNode): string {
  const isEmpty = typeof standard === "object" && standard !== null && Object.keys(standard).length === 0;
  const value = standard === undefined || (isEmpty && example !== undefined) ? example : standard;
  return value === undefined ? "" : toFlow(value);
}

/** JSON with blanks, which is YAML too. */
function toFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toFlow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${toFlow(field)}`);
  return `{ ${fields.join(", ")} }`;
}
