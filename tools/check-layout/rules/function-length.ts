import type { ArrowFunctionExpression, Function as FunctionNode } from "oxc-parser";
import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";

const linesMax = 60;

type Measured = { readonly start: number; readonly end: number; nestedLines: number };

/**
 * A function has few lines of its own. Functions inside of it are measured by themselves and do not count, so
 * that a factory may hold as many methods as its file has room for.
 */
export const functionLength: Rule = {
  name: "function-length",
  *find({ sources }) {
    // No function of a file that short can be too long, and building its syntax tree is what takes time.
    for (const file of sources) if (file.lineAt(file.text.length) > linesMax) yield* findLong(file);
  },
};

function findLong({ path, text, comments, lineAt, visit }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const open: Measured[] = [];
  const codeLines = toCodeLines(text, comments);
  const count = ({ start, end }: Measured) =>
    codeLines.slice(lineAt(start) - 1, lineAt(end)).filter(Boolean).length;
  const enter = ({ start, end }: FunctionNode | ArrowFunctionExpression) => {
    open.push({ start, end, nestedLines: 0 });
  };
  const leave = () => {
    const node = open.pop();
    if (node === undefined) return;
    const lines = count(node);
    const parent = open.at(-1);
    // A function on one line leaves that line to the one around it.
    if (parent !== undefined) parent.nestedLines += lines - 1;
    const own = lines - node.nestedLines;
    if (own <= linesMax) return;
    const message = `A function has at most ${linesMax} lines of its own, not ${own}.`;
    findings.push({ path, line: lineAt(node.start), message });
  };
  visit({
    FunctionDeclaration: enter,
    FunctionExpression: enter,
    ArrowFunctionExpression: enter,
    "FunctionDeclaration:exit": leave,
    "FunctionExpression:exit": leave,
    "ArrowFunctionExpression:exit": leave,
  });
  return findings;
}

/** For each line, whether anything but white space and comments stands on it. */
function toCodeLines(text: string, comments: SourceFile["comments"]): boolean[] {
  const lines = text.split("\n").map((line) => line.trim() !== "" && !line.trimStart().startsWith("//"));
  for (const { line, text: comment } of comments) {
    const height = comment.split("\n").length;
    if (height > 1) lines.fill(false, line - 1, line - 1 + height);
  }
  return lines;
}
