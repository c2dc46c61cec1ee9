import type { Argument, CallExpression, Expression } from "oxc-parser";
import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";
import { isRelative, scope } from "../workspace.ts";

const declarers = new Set(["it", "test", "describe", "suite", "bench"]);
const skippers = new Set(["skip", "skipIf", "runIf", "todo"]);

/** Every test runs, or says why it does not; and none of our own modules is replaced by a mock. */
export const testModes: Rule = {
  name: "test-modes",
  *find({ sources }) {
    for (const file of sources) {
      if (file.kind === "test" && /\b(only|skip\w*|runIf|todo|mock|doMock)\b/.test(file.text))
        yield* findModes(file);
    }
  },
};

function findModes({ path, visit, lineAt }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const inner = new Set<Expression>();
  visit({
    CallExpression(node) {
      const add = (message: string | undefined) => {
        if (message !== undefined) findings.push({ path, line: lineAt(node.start), message });
      };
      add(explainMock(node));
      const chain = toChain(node);
      if (chain[0] === "skip" || chain.join(".") === "context.skip") add(explainContextSkip(node));
      // `it.skipIf(condition)("…")` is two calls; the outer one comes first and answers for both.
      if (!declarers.has(chain[0] ?? "") || inner.has(node)) return;
      for (let callee = node.callee; callee.type === "CallExpression"; callee = callee.callee)
        inner.add(callee);
      add(explainMode(chain.slice(1), node.arguments));
    },
  });
  return findings;
}

/** The names in `it.concurrent.skipIf(x)("…")`: it, concurrent, skipIf. */
function toChain(node: Expression): string[] {
  if (node.type === "CallExpression") return toChain(node.callee);
  if (node.type === "Identifier") return [node.name];
  if (node.type !== "MemberExpression" || node.property.type !== "Identifier") return [];
  return [...toChain(node.object), node.property.name];
}

function explainMode(modes: readonly string[], args: readonly Argument[]): string | undefined {
  const isOn = (name: string) => modes.includes(name) || isTrue(findOption(args, name));
  if (isOn("only")) return "A test with .only keeps all others from running.";
  if (!modes.some((mode) => skippers.has(mode)) && !isOn("skip") && !isOn("todo")) return undefined;
  const meta = findOption(args, "meta");
  if (meta?.type === "ObjectExpression" && findProperty(meta, "skipReason") !== undefined) return undefined;
  return 'A skipped test says why: { meta: { skipReason: "…" } } as its second argument.';
}

function explainContextSkip({ arguments: args }: CallExpression): string | undefined {
  const [first, note] = args;
  const isCondition =
    first === undefined || /^(Unary|Binary|Logical)Expression$/.test(first.type) || isTrue(first);
  return isCondition && note === undefined
    ? 'A test that skips itself says why: skip(condition, "…").'
    : undefined;
}

function explainMock(node: CallExpression): string | undefined {
  if (!/^vi\.(mock|doMock)$/.test(toChain(node).join("."))) return undefined;
  const [argument] = node.arguments;
  const target = argument?.type === "ImportExpression" ? argument.source : argument;
  if (target?.type !== "Literal" || typeof target.value !== "string") return undefined;
  if (!isRelative(target.value) && !target.value.startsWith(scope)) return undefined;
  return "Our own modules are not mocked: fakes stand at the edge of the process.";
}

function findOption(args: readonly Argument[], name: string): Expression | undefined {
  const options = args.find((argument) => argument.type === "ObjectExpression");
  return options && findProperty(options, name);
}

function findProperty(
  node: Extract<Expression, { type: "ObjectExpression" }>,
  name: string,
): Expression | undefined {
  for (const entry of node.properties) {
    if (entry.type === "Property" && entry.key.type === "Identifier" && entry.key.name === name)
      return entry.value;
  }
  return undefined;
}

function isTrue(node: Argument | undefined): boolean {
  return node?.type === "Literal" && node.value === true;
}
