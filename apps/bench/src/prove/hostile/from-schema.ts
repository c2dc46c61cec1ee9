import { pick, toNoise, toWild } from "./wild-values.ts";

/** A JSON schema, as far as it is read here. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What values are made with. */
export type SchemaValues = {
  readonly random: () => number;
  /** Where `$ref` points into. */
  readonly root: JsonSchema;
  /** What fields of these names are often given: ids of what is there, as JSON. */
  readonly known: Readonly<Record<string, readonly string[]>>;
};

const depthMax = 6;
/** How often a value is not what its schema asks for. */
const wildShare = 0.12;
const knownShare = 0.7;

/** Makes JSON that is like what a schema asks for, with something wild in it now and then. */
export function toJson(schema: JsonSchema, values: SchemaValues, depth = 0): string {
  const { random } = values;
  if (random() < wildShare || depth > depthMax) return toWild(random);
  const found = resolve(schema, values.root);
  const variants = (found["anyOf"] ?? found["oneOf"]) as readonly JsonSchema[] | undefined;
  if (variants !== undefined) return toJson(pick(random, variants), values, depth + 1);
  if ("const" in found) return JSON.stringify(found["const"]);
  if (Array.isArray(found["enum"])) return JSON.stringify(pick(random, found["enum"]));
  const { type } = found;
  return toTyped(Array.isArray(type) ? pick(random, type) : type, { ...values, schema: found, depth });
}

type Typed = SchemaValues & { readonly schema: JsonSchema; readonly depth: number };

function toTyped(type: unknown, given: Typed): string {
  const { random, schema } = given;
  switch (type) {
    case "object":
      return toObject(given);
    case "array":
      return toArray(given);
    case "string":
      return toText(given);
    case "integer":
    case "number":
      return toNumber(given, type === "integer");
    case "boolean":
      return String(random() < 0.5);
    case "null":
      return "null";
    default:
      return "allOf" in schema ? "{}" : toWild(random);
  }
}

function toObject(given: Typed): string {
  const { random, schema, known, depth } = given;
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema["required"] ?? []) as readonly string[];
  const fields = Object.entries(properties)
    .filter(([name]) => (required.includes(name) ? random() > 0.03 : random() < 0.4))
    .map(([name, property]) => {
      const ids = known[name];
      const isKnown = ids !== undefined && random() < knownShare;
      return `${JSON.stringify(name)}:${isKnown ? pick(random, ids) : toJson(property, given, depth + 1)}`;
    });
  if (random() < 0.05)
    fields.push(`${pick(random, ['"__proto__"', '"extra"', '"constructor"'])}:${toWild(random)}`);
  return `{${fields.join(",")}}`;
}

function toArray(given: Typed): string {
  const { random, schema, depth } = given;
  const items = (schema["items"] ?? {}) as JsonSchema;
  const length = random() < 0.05 ? 200 : Math.floor(random() * 4);
  return `[${Array.from({ length }, () => toJson(items, given, depth + 2)).join(",")}]`;
}

function toText({ random, schema }: Typed): string {
  const {
    minLength = 0,
    maxLength = 200,
    format,
  } = schema as {
    minLength?: number;
    maxLength?: number;
    format?: string;
  };
  if (format === "date-time" && random() < 0.8) return '"2026-06-01T00:00:00Z"';
  const length = pick(random, [
    minLength,
    Math.min(maxLength, 10_000),
    minLength + Math.floor(random() * 20),
  ]);
  return JSON.stringify(random() < 0.6 ? "a word ".repeat(length).slice(0, length) : toNoise(random, length));
}

function toNumber({ random, schema }: Typed, isWhole: boolean): string {
  const { minimum = -10, maximum = 1e9 } = schema as { minimum?: number; maximum?: number };
  const between = minimum + random() * (maximum - minimum);
  return String(
    pick(random, [minimum, maximum, minimum - 1, maximum + 1, isWhole ? Math.floor(between) : between]),
  );
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const ref = schema["$ref"];
  if (typeof ref !== "string") return schema;
  let at: unknown = root;
  for (const name of ref.split("/").slice(1)) at = (at as JsonSchema | undefined)?.[name];
  return (at ?? {}) as JsonSchema;
}
