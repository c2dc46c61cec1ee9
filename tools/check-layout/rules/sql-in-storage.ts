import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";
import { isRelative, splitSpecifier } from "../workspace.ts";

const drivers = new Set([
  "kysely",
  "better-sqlite3",
  "pg",
  "sqlite-vec",
  "node:sqlite",
  "postgres",
  "mysql2",
]);
const statement =
  /\b(SELECT\s[\s\S]*\bFROM|INSERT\s+INTO|UPDATE\s[\s\S]*\bSET|DELETE\s+FROM|CREATE\s+TABLE)\b/;

/** SQL stands in packages/storage and nowhere else. */
export const sqlInStorage: Rule = {
  name: "sql-in-storage",
  *find({ sources }) {
    for (const file of sources) {
      if (file.path.startsWith("packages/storage/") || file.kind === "tool" || file.kind === "config")
        continue;
      for (const { specifier, line } of file.imports) {
        if (isRelative(specifier) || !drivers.has(splitSpecifier(specifier).name)) continue;
        yield { path: file.path, line, message: `Only packages/storage imports ${specifier}.` };
      }
      if (statement.test(file.text)) yield* findStatements(file);
    }
  },
};

function findStatements({ path, visit, lineAt }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const look = (text: string, start: number) => {
    if (!statement.test(text)) return;
    findings.push({ path, line: lineAt(start), message: "SQL is written in packages/storage only." });
  };
  visit({
    Literal({ value, start }) {
      if (typeof value === "string") look(value, start);
    },
    TemplateLiteral({ quasis, start }) {
      look(quasis.map(({ value }) => value.raw).join("…"), start);
    },
  });
  return findings;
}
