import { readFileSync, statSync } from "node:fs";
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type YAMLError,
} from "yaml";
import { isSecretName } from "../logging/secret-names.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { toFileReason } from "./file-reason.ts";
import type { RawDocument } from "./raw-document.ts";

const fileBytesMax = 1_048_576;
const linesMax = 20;

// The parser's own messages quote the file, and so may quote a key.
const sentences: Partial<Record<YAMLError["code"], string>> = {
  BAD_INDENT: "the indentation does not fit the lines before it, or a bracket or quote there is not closed",
  BLOCK_AS_IMPLICIT_KEY:
    "a nested key cannot begin here; does the line before end too early, or is this one indented too far?",
  DUPLICATE_KEY: "this key stands twice",
  MISSING_CHAR: "a bracket, quote, comma or colon is missing",
  MULTIPLE_DOCS: "only one document is expected; remove the --- between them",
  TAB_AS_INDENT: "a tab cannot indent; use spaces",
  BAD_ALIAS: "an alias (*name) stands here without its anchor; put text that begins with * into quotes",
  BAD_SCALAR_START: "text cannot begin with this character; put it into quotes",
  BAD_DQ_ESCAPE: "a backslash in double quotes begins an escape; use single quotes, or double the backslash",
  MULTILINE_IMPLICIT_KEY: "a key must stand on one line; is a colon missing?",
};

/**
 * Reads a configuration file. Keys without a value count as absent.
 *
 * @throws ConfigError with every place at which the file is no YAML, by line and column.
 */
export function readYamlFile(file: string): RawDocument {
  const source = readText(file);
  const lines = new LineCounter();
  const document = parseDocument(source, {
    prettyErrors: false,
    lineCounter: lines,
    merge: true,
    logLevel: "error",
  });
  const problems = [
    ...document.errors.map(({ pos, code }) => toProblem(lines.linePos(pos[0]), code)),
    ...findDanglingAliases(document).map((offset) => toProblem(lines.linePos(offset), "BAD_ALIAS")),
  ].slice(0, linesMax);
  if (problems.length > 0) throw new ConfigError(problems, file);
  if (document.contents !== null && !isMap(document.contents) && !isEmpty(document)) {
    throw new ConfigError(
      [{ path: "line 1", message: "expected keys with values, such as data: ./data" }],
      file,
    );
  }
  keepSecretsAsText(document);
  return toRaw(document, file);
}

function readText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > fileBytesMax)
      throw new ConfigError([{ path: file, message: "is larger than 1 MiB; is it a configuration?" }]);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([{ path: file, message: `cannot be read: ${toFileReason(error)}` }]);
  }
}

function toProblem({ line, col }: { line: number; col: number }, code: YAMLError["code"]): ConfigProblem {
  return { path: `line ${line}, column ${col}`, message: sentences[code] ?? "is no valid YAML" };
}

function findDanglingAliases(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) offsets.push(alias.range?.[0] ?? 0);
    },
  });
  return offsets;
}

function isEmpty(document: Document.Parsed): boolean {
  return isScalar(document.contents) && document.contents.value === null;
}

/** A key of digits is still text: `0123` and `1e5` would not survive as numbers. */
function keepSecretsAsText(document: Document.Parsed): void {
  visit(document, {
    Pair(_, pair) {
      const { key, value } = pair;
      if (!isScalar(key) || typeof key.value !== "string" || !isSecretName(key.value)) return;
      for (const item of isSeq(value) ? value.items : [value]) {
        if (isScalar(item) && item.source !== undefined && item.value !== null) item.value = item.source;
      }
    },
  });
}

function toRaw(document: Document.Parsed, file: string): RawDocument {
  try {
    return withoutNulls(document.toJS({ maxAliasCount: 100 }) ?? {}) as RawDocument;
  } catch {
    throw new ConfigError([
      { path: file, message: "its aliases (*name) refer to too much, or to each other" },
    ]);
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}
