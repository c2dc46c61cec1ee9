import { z } from "zod";
import { configSchema } from "./config-schema.ts";

/** One key of the configuration: what it is about, and what is below it. */
export type SchemaNode = {
  readonly description?: string;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
};

/** All keys of the configuration, as JSON Schema sees them. */
export const schemaTree: SchemaNode = z.toJSONSchema(configSchema, { io: "input" }) as SchemaNode;

/** Finds the node that a path of keys and indexes leads to. */
export function findNode(path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = schemaTree;
  for (const step of path) node = node === undefined ? undefined : findChild(node, step);
  return node;
}

function findChild(node: SchemaNode, step: PropertyKey): SchemaNode | undefined {
  if (typeof step === "number") return node.items;
  const { properties, additionalProperties } = node;
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[String(step)];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** Every path that ends in a key of this name: `secret` → `jwt.secret`. Lists count as `[]`. */
export function listPathsTo(name: string): readonly string[] {
  return listPaths(schemaTree, "").filter((path) => path.slice(path.lastIndexOf(".") + 1) === name);
}

function listPaths(node: SchemaNode, prefix: string): string[] {
  const { properties = {}, items } = node;
  const own = Object.entries(properties).flatMap(([key, child]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    return [path, ...listPaths(child, path)];
  });
  return items === undefined ? own : [...own, ...listPaths(items, `${prefix}[]`)];
}
