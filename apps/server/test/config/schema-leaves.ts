import { schemaTree, type SchemaNode } from "../../src/config/schema-tree.ts";

/** One key of the configuration that holds a value. */
export type SchemaLeaf = {
  readonly path: readonly string[];
  readonly description: string | undefined;
  readonly standard: unknown;
};

/** All keys that hold values, those of lists' items among them. */
export function findLeaves(node: SchemaNode = schemaTree, path: readonly string[] = []): SchemaLeaf[] {
  const properties = node.properties ?? node.items?.properties;
  if (properties === undefined) return [{ path, description: node.description, standard: node.default }];
  return Object.entries(properties).flatMap(([key, child]) => findLeaves(child, [...path, key]));
}
