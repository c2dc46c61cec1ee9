import { faults, sections, type Fault, type FaultSection } from "../faults/fault-catalogue.ts";
import { isHandled, readResults, type FaultResults } from "../faults/fault-results.ts";

export const path = "docs/faults.md";

const sum = (results: FaultResults): string => {
  const handled = faults.filter((fault) => isHandled(fault, results)).length;
  const waiting = faults.filter(({ waits }) => waits !== undefined).length;
  const rest = waiting === 0 ? "" : `; ${waiting} wait for what their lines say`;
  return `**${handled} of ${faults.length}** faults are handled${rest}.`;
};

const head = (results: FaultResults) => `# Faults

Made from \`tools/faults/\`; do not edit. \`npm run faults\` runs all of it and writes the results;
\`npm run faults -- c01 p1\` runs the files whose names begin like this.

${sum(results)}

Each fault is a set of tests before a whole backend, on real sockets. After every one of them the same holds: the process
lives and answers in time, unless its death is the fault; what was acknowledged is stored, once; an answer has exactly one
ending on the wire; its text is what the upstream said, up to where it broke, with nothing lost, doubled or mixed; sockets
are closed that nobody needs any more; no key, host or stack is shown; the log, the metrics and the record name the fault.
`;

/** Writes the tables of all faults, with the results of the last run of all tests. */
export function generate(): Promise<string> {
  const results = readResults();
  const parts = sections.map((section) => toTable(section, results));
  return Promise.resolve([head(results), ...parts].join("\n"));
}

function toTable({ title, actor, stage, faults: listed }: FaultSection, results: FaultResults): string {
  const rows = listed.map((fault) => {
    const { id, happens, seen, tests } = fault;
    const links = tests.map(
      (file) => `[${file.replace(".test.ts", "")}](../apps/server/test/faults/${file})`,
    );
    return `| ${id} | ${happens} | ${seen} | ${links.join(", ")} | ${toVerdict(fault, results)} |`;
  });
  const columns = `| fault | ${actor} | what is seen of it | tests | result |\n|---|---|---|---|---|`;
  return `## ${title}\n\n${stage}\n\n${columns}\n${rows.join("\n")}\n`;
}

function toVerdict(fault: Fault, results: FaultResults): string {
  if (fault.waits !== undefined) return `waits: ${fault.waits}`;
  const { passed = 0, failed = 0 } = results[fault.id] ?? {};
  if (isHandled(fault, results)) return `${passed} passed`;
  return failed === 0 ? "not tested" : `${failed} of ${passed + failed} failed`;
}
