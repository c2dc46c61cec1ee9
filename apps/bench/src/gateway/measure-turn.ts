import { readProcess, readProcessTree } from "../process-figures.ts";
import type { Contender } from "../rivals/contender.ts";
import type { Lab } from "./lab.ts";
import type { ClosedLoopJob } from "./load/jobs.ts";
import type { Column } from "./report.ts";
import type { Figures } from "./series.ts";

/** A closed loop, and how many units (tokens, requests) each answer counts. */
export type Turn = Omit<ClosedLoopJob, "kind" | "port"> & { readonly unitsPerAnswer: number };

/** The columns of what `measureTurn` measures. */
export function turnColumns(unit: string): readonly Column[] {
  return [
    { head: `${unit}s/s`, figure: "perSecond", digits: 0, hasRatio: true },
    { head: `CPU µs/${unit}`, figure: "cpuMicros", digits: 2, hasRatio: true },
    { head: "reader busy %", figure: "readerPercent", digits: 0 },
    { head: "upstream busy %", figure: "upstreamPercent", digits: 0 },
  ];
}

/** One turn of one contender in a closed loop. What was not whole is told in `problems` and does not count. */
export async function measureTurn(
  lab: Lab,
  contender: Contender,
  turn: Turn,
): Promise<{ readonly figures: Figures; readonly problems: readonly string[] }> {
  const { unitsPerAnswer, ...job } = turn;
  const before = { own: readProcessTree(contender.pid), upstream: readProcess(lab.upstream.pid) };
  const result = await lab.load.closedLoop({ ...job, port: contender.port });
  const cpuMs = readProcessTree(contender.pid).cpuMs - before.own.cpuMs;
  const upstreamMs = readProcess(lab.upstream.pid).cpuMs - before.upstream.cpuMs;
  const units = result.answers * unitsPerAnswer;
  return {
    figures: {
      perSecond: units / result.seconds,
      cpuMicros: (cpuMs * 1000) / units,
      readerPercent: result.readerCpuMs / result.seconds / 10,
      upstreamPercent: upstreamMs / result.seconds / 10,
    },
    problems: result.problems.map((problem) => `${contender.name}: ${problem}`),
  };
}
