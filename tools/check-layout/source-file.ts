import { parseSync, Visitor, type VisitorObject } from "oxc-parser";

/** One import, re-export or `import()` of a file. */
export type Import = {
  readonly specifier: string;
  /** Whether nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
};

/** A comment with the line it begins on. */
export type Comment = { readonly text: string; readonly line: number };

/** What a file is for; the rules differ by it. */
export type FileKind = "source" | "test" | "config" | "tool";

/** A parsed file of TypeScript or JavaScript. */
export type SourceFile = {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly kind: FileKind;
  readonly imports: readonly Import[];
  readonly comments: readonly Comment[];
  /** The lines that re-export everything of another file without naming it. */
  readonly starExportLines: readonly number[];
  /** The line of a position in the text. */
  readonly lineAt: (offset: number) => number;
  /** Walks the syntax tree. Building it is the slow part: look for the words in `text` first. */
  readonly visit: (visitor: VisitorObject) => void;
};

/** Parses one file. */
export function parseSourceFile(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text);
  const lineAt = (offset: number) => countLines(text, offset);
  const visit = (visitor: VisitorObject) => new Visitor(visitor).visit(parsed.program);
  const stars = parsed.module.staticExports.filter(({ entries }) =>
    entries.some(({ exportName }) => exportName.name === null && exportName.start === null),
  );
  return {
    path,
    text,
    kind: toKind(path),
    imports: [...staticImports(parsed, lineAt), ...importTypes(text, { visit, lineAt })],
    comments: parsed.comments.map(({ value, start }) => ({ text: value, line: lineAt(start) })),
    starExportLines: stars.map(({ start }) => lineAt(start)),
    lineAt,
    visit,
  };
}

function toKind(path: string): FileKind {
  if (/\.test\.tsx?$/.test(path)) return "test";
  if (path.startsWith("tools/")) return "tool";
  if (/^(packages|apps)\/[^/]+\/test\//.test(path)) return "test";
  return /^(packages|apps)\/[^/]+\/src\//.test(path) ? "source" : "config";
}

function countLines(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

function staticImports({ module }: ReturnType<typeof parseSync>, lineAt: SourceFile["lineAt"]): Import[] {
  const imports = module.staticImports.map(({ moduleRequest, entries, start }) => ({
    specifier: moduleRequest.value,
    typeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
    line: lineAt(start),
  }));
  for (const { entries, start } of module.staticExports) {
    const specifier = entries.find(({ moduleRequest }) => moduleRequest !== null)?.moduleRequest?.value;
    if (specifier === undefined) continue;
    imports.push({ specifier, typeOnly: entries.every(({ isType }) => isType), line: lineAt(start) });
  }
  return imports;
}

/** `import("…")` as a call and as a type: what the module record does not tell, or not as a value. */
function importTypes(text: string, { visit, lineAt }: Pick<SourceFile, "visit" | "lineAt">): Import[] {
  const imports: Import[] = [];
  if (!/\bimport\s*\(/.test(text)) return imports;
  visit({
    ImportExpression({ source, start }) {
      if (source.type !== "Literal" || typeof source.value !== "string") return;
      imports.push({ specifier: source.value, typeOnly: false, line: lineAt(start) });
    },
    TSImportType({ source, start }) {
      imports.push({ specifier: source.value, typeOnly: true, line: lineAt(start) });
    },
  });
  return imports;
}
