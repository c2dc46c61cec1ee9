import { faults } from "../faults/fault-catalogue.ts";
import { isHandled, readResults, type FaultResult } from "../faults/fault-results.ts";

export const path = "docs/faults.md";

const head = (handled: number) => `# Faults of upstreams

Made from \`tools/faults/\`; do not edit. \`npm run faults\` runs all of it and writes the results.

**${handled} of ${faults.length}** faults are handled.

Each fault is a set of tests before a whole backend: an upstream on real sockets does what the line says, and callers of
\`/v1/chat/completions\` (streamed and in one piece) and users of a conversation look on. After every one of them the same
holds: the process lives and answers in time; the answer has exactly one ending on the wire; its text is what the
upstream said, up to where it broke, with nothing lost, doubled or mixed; the upstream's sockets are closed; no key, host
or stack is shown; the log, the metrics and the record name the fault.

| fault | the upstream | what is seen of it | tests | result |
|---|---|---|---|---|
`;

/** Writes the table of all faults, with the results of the last run of all tests. */
export function generate(): Promise<string> {
  const results = readResults();
  const rows = faults.map(({ id, happens, seen, tests }) => {
    const result = results[id] as FaultResult;
    const links = tests.map(
      (file) => `[${file.replace(".test.ts", "")}](../apps/server/test/faults/${file})`,
    );
    return `| ${id} | ${happens} | ${seen} | ${links.join(", ")} | ${toVerdict(result)} |`;
  });
  const handled = Object.values(results).filter(isHandled).length;
  return Promise.resolve(`${head(handled)}${rows.join("\n")}\n`);
}

function toVerdict(result: FaultResult): string {
  if (isHandled(result)) return `${result.passed} passed`;
  return result.failed === 0 ? "not tested" : `${result.failed} of ${result.passed + result.failed} failed`;
}
