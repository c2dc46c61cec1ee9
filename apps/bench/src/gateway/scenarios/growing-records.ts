import { toChatRequest } from "../chat-request.ts";
import { inRounds, type Lab } from "../lab.ts";
import { measureTurn, turnColumns, type Turn } from "../measure-turn.ts";
import type { Ours } from "../ours/start-ours.ts";
import type { Report } from "../report.ts";
import { createSeries } from "../series.ts";
import { toTexts, type Script } from "../upstream/script.ts";

const script: Script = { kind: "burst", tokens: 10 };

/**
 * What a request costs as the records grow: servers that have answered so many requests already, side by side. The
 * smallest has seen enough that all code is compiled.
 */
export async function measureRecords(lab: Lab): Promise<Report> {
  await using cleanup = new AsyncDisposableStack();
  const servers: Ours[] = [];
  const notes: string[] = [];
  for (const size of lab.isQuick ? [100] : [10_000, 100_000, 1_000_000]) {
    const name = `${size.toLocaleString("en")} records`;
    const config = { records: { bodies: "off", megabytes_max: 1_000_000 } };
    const server = cleanup.use(await lab.startOurs({ name, config }));
    const { problems } = await measureTurn(lab, server, toTurn(server, size));
    servers.push(server);
    notes.push(...problems);
  }
  const series = createSeries(servers);
  const rounds = lab.rounds ?? lab.pick(7, 1);
  const asked = lab.pick(3000, 50);
  await inRounds(servers, rounds, async (server, isCounted) => {
    const { figures, problems } = await measureTurn(lab, server, toTurn(server, asked));
    notes.push(...problems);
    if (isCounted) series.add(server.name, figures);
  });
  const title =
    `Records that grow: ${asked.toLocaleString("en")} requests to each in a round, not streamed; ` +
    `medians of ${rounds} rounds`;
  return { title, columns: turnColumns("request"), series, notes };
}

function toTurn(server: Ours, answers: number): Turn {
  return {
    requests: [toChatRequest(server, { script, isStreamed: false })],
    answers,
    connections: 16,
    form: "whole",
    text: toTexts(script.tokens).join(""),
    unitsPerAnswer: 1,
  };
}
