import { renderGoals } from "./goals.ts";
import { createLab, type LabOptions } from "./lab.ts";
import { renderReport, type Report } from "./report.ts";
import { scenarios, type ScenarioName } from "./scenarios.ts";

/** What is measured, and how much of it. */
export type GatewayBenchOptions = LabOptions & { readonly only: readonly ScenarioName[] | undefined };

/** Measures one scenario after the other, and prints each when it is done; the goals come last. */
export async function runGatewayBench(
  options: GatewayBenchOptions,
  print: (text: string) => void,
): Promise<void> {
  await using lab = await createLab(options);
  const reports = new Map<ScenarioName, Report>();
  for (const name of options.only ?? (Object.keys(scenarios) as ScenarioName[])) {
    const report = await scenarios[name](lab);
    reports.set(name, report);
    print(`\n${renderReport(report)}\n`);
  }
  print(`\n${renderGoals(reports)}\n`);
  if (options.isQuick) print("\nThis was a quick run: it shows that everything works, not what it costs.\n");
}
