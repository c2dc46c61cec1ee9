import { percentile } from "../../statistics.ts";
import { toChatRequest } from "../chat-request.ts";
import type { Lab } from "../lab.ts";
import type { Report } from "../report.ts";
import { createSeries } from "../series.ts";

/** The time to the first token that each contender adds to a direct call, one request at a time. */
export async function measureFirstToken(lab: Lab): Promise<Report> {
  await using field = await lab.start(["raw", "nginx", "portkey", "afternoon", "ours"]);
  const direct = { name: "direct", port: lab.upstream.port, headers: {} };
  const all = [direct, ...field.running];
  const asks = lab.pick(1000, 20);
  const script = { kind: "burst", tokens: 20 } as const;
  const { times } = await lab.load.firstToken({
    asks,
    targets: all.map((contender) => ({
      port: contender.port,
      requests: [toChatRequest(contender, { script, isStreamed: true })],
    })),
  });
  const at = (index: number, percent: number) => percentile(times[index] ?? [], percent);
  const series = createSeries(all);
  for (const [index, { name }] of all.entries()) {
    series.add(name, {
      p50: at(index, 50),
      p99: at(index, 99),
      addedP50: at(index, 50) - at(0, 50),
      addedP99: at(index, 99) - at(0, 99),
    });
  }
  return {
    title: `Time to the first token, one request after the other, ${asks} times`,
    columns: [
      { head: "p50 ms", figure: "p50", digits: 2 },
      { head: "p99 ms", figure: "p99", digits: 2 },
      { head: "added p50 ms", figure: "addedP50", digits: 2 },
      { head: "added p99 ms", figure: "addedP99", digits: 2 },
    ],
    series,
    notes: field.notes,
  };
}
