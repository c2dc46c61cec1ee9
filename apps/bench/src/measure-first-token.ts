import type { StreamCaller } from "./callers/caller.ts";
import { startFaces } from "./faces.ts";
import { renderTable } from "./render-table.ts";
import { percentile } from "./statistics.ts";

/** Time to the first token that each face adds to a direct call, one request at a time. */
export async function measureFirstToken(options: { readonly asks: number }): Promise<string> {
  await using faces = await startFaces({ tokens: 20, tokensPerSecond: "burst" });
  const callers = [faces.direct, ...faces.callers];
  const times = new Map<StreamCaller, number[]>(callers.map((caller) => [caller, []]));
  const warmup = Math.ceil(options.asks / 10);
  for (let round = -warmup; round < options.asks; round++) {
    for (const caller of callers) {
      const [target] = await faces.server.createConversations(1);
      if (target === undefined) continue;
      const { firstTokenMs } = await caller.ask(target);
      if (round >= 0) times.get(caller)?.push(firstTokenMs);
    }
  }
  const at = (caller: StreamCaller, percent: number) => percentile(times.get(caller) ?? [], percent);
  const rows = faces.callers.map((caller) => [
    caller.name,
    (at(caller, 50) - at(faces.direct, 50)).toFixed(2),
    (at(caller, 99) - at(faces.direct, 99)).toFixed(2),
  ]);
  const title =
    `Time to first token, added to a direct call (p50 ${at(faces.direct, 50).toFixed(2)} ms, ` +
    `p99 ${at(faces.direct, 99).toFixed(2)} ms), ${options.asks} requests one after the other`;
  return `${title}\n${renderTable(["face", "added p50 ms", "added p99 ms"], rows)}`;
}
